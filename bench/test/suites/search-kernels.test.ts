/** The trials of the suite `kernels`. */
import assert from 'node:assert/strict';
import { test } from 'vitest';
import type { Contender } from '../../src/trial/trial.ts';
import { argumentsOf, suiteOf, valuesOf } from '../support/suites.ts';

test('kernels: each kernel at four working sets beside read bandwidth; instruction rates at 1 and all threads', () => {
  const trials = suiteOf('kernels');
  const dot = trials.filter(({ parameters }) => parameters['measure'] === 'dot');
  assert.equal(dot.length, 4 * 2);
  for (const { contenders } of dot) {
    assert.deepEqual(
      contenders.map(({ name }) => name),
      ['avx512', 'read bandwidth', 'avx2', 'scalar'],
    );
  }
  const rates = trials.filter(({ parameters }) => parameters['measure'] === 'instructions');
  assert.deepEqual(valuesOf(rates, 'threads'), new Set([1, 2]));
  assert.deepEqual(
    rates[0]?.contenders.map(({ name }) => name),
    ['fma_zmm', 'vnni_zmm', 'bf16_zmm'],
  );
});

test('kernels: codes by each kernel and method, from a cache and from memory, beside read bandwidth', () => {
  const trials = suiteOf('kernels').filter(({ parameters }) => parameters['measure'] === 'codes');
  assert.equal(trials.length, 3 * 2 * 2);
  assert.deepEqual(valuesOf(trials, 'method'), new Set(['upper', 'whole', 'many']));
  assert.deepEqual(valuesOf(trials, 'working set'), new Set(['16 KiB', '1 GiB in all']));
  for (const { id, contenders, parameters } of trials) {
    assert.deepEqual(
      contenders.map(({ name }) => name),
      ['avx512', 'read bandwidth', 'avx2', 'scalar'],
    );
    const many = parameters['method'] === 'many';
    for (const contender of contenders.filter(({ name }) => name !== 'read bandwidth')) {
      const { measure, kernel, method, queries } = argumentsOf(contender);
      assert.deepEqual([measure, kernel, method], ['codes', contender.name, parameters['method']], id);
      assert.equal(queries, many ? '64' : undefined, id);
    }
    const limit = argumentsOf(contenders[1] as Contender);
    // 10⁹ products / 64 queries = 15,625,000 bytes.
    assert.equal(limit['pass-bytes'], many ? '15625000' : undefined, id);
    assert.equal(limit['bytes'], argumentsOf(contenders[0] as Contender)['bytes'], id);
  }
});
