/** The trials of the suites `http` and `startup`. */
import assert from 'node:assert/strict';
import { test } from 'vitest';
import { OPERATIONS } from '../../src/load/operations.ts';
import type { Contender } from '../../src/trial/trial.ts';
import { argumentsOf, namesOf, suiteOf, valuesOf } from '../support/suites.ts';

test('http: every operation with 1, 16 and 64 clients, and fixed arrival rates', () => {
  const trials = suiteOf('http').filter(({ parameters: { loop } }) => loop !== 'lean');
  const operations = OPERATIONS.filter(
    (name) => !['embed-one', 'embed-mixed', 'batch-cached', 'batch-mixed'].includes(name),
  );
  const closed = trials.filter(({ parameters: { loop, documents } }) => loop === 'closed' && documents === undefined);
  assert.equal(closed.length, operations.length * 3);
  assert.deepEqual(valuesOf(closed, 'clients'), new Set([1, 16, 64]));
  const open = trials.filter(({ parameters }) => parameters['loop'] === 'open');
  assert.deepEqual(valuesOf(open, 'operation'), new Set(operations));
  assert.ok(open.every(({ better }) => better === 'lower'));
  assert.deepEqual(namesOf(trials), new Set(['Cosimo', 'FastAPI']));
});

test('http: cached answers beside a plain Fastify, and two event loops beside one', () => {
  const trials = suiteOf('http').filter(({ parameters: { loop } }) => loop === 'lean');
  const given = (name: string, ...keys: string[]) =>
    trials
      .flatMap(({ contenders }) => contenders.filter((one) => one.name === name))
      .map((one) => {
        const spec = argumentsOf(one);
        return keys.map((key) => spec[key]);
      });
  assert.ok(
    trials.flatMap(({ contenders }) => contenders).every((contender) => argumentsOf(contender)['lean'] === true),
  );
  assert.deepEqual(given('Cosimo', 'operation', 'connections'), [['embed-one', 32], ['batch-cached', 2]]); // biome-ignore format: pairs
  assert.deepEqual(given('Fastify, the same bytes from a buffer', 'service', 'way', 'operation'), [
    ['plain', 'constant', 'embed-one'],
    ['plain', 'constant', 'batch-cached'],
  ]);
  assert.deepEqual(given('Fastify, JSON.stringify', 'service', 'way'), [['plain', 'stringify']]);
  assert.deepEqual(given('Cosimo, 2 event loops', 'http_threads'), [[2]]);
  assert.deepEqual(given('Cosimo, 1 event loop', 'http_threads'), [[1]]);
});

test('http: a cached query over the store of 1,000,000 documents that startup starts on, by one client', () => {
  const trials = suiteOf('http');
  const trial = trials.find(({ id }) => id === 'POST /search, cached query, 1,000,000 documents: clients=1');
  assert.ok(trial);
  assert.deepEqual(
    trial.contenders.map(({ name }) => name),
    ['Cosimo'],
    'the peer keeps no documents on the disk',
  );
  const { store, documents, connections, operation } = argumentsOf(trial.contenders[0] as Contender);
  assert.deepEqual([documents, connections, operation], [0, 1, 'search-cached']);
  const started = suiteOf('startup').find(({ parameters }) => parameters['documents'] === 1_000_000);
  assert.deepEqual(trial.data, started?.data);
  assert.equal(store, argumentsOf(started?.contenders[0] as Contender)['store']);
});

test('startup: 0, 100,000 and 1,000,000 documents; where the peer keeps nothing, its row says missing', () => {
  const trials = suiteOf('startup');
  assert.deepEqual(valuesOf(trials, 'documents'), new Set([0, 100_000, 1_000_000]));
  const ofCount = trials.filter(({ parameters }) => parameters['measure'] === 'startup');
  assert.equal(ofCount.length, 3);
  for (const { parameters, contenders } of ofCount) {
    const expected = parameters['documents'] === 0 ? 'node' : 'missing';
    assert.equal(contenders[1]?.program.kind, expected);
  }
});

test('startup: rows that are rotated beside the same with plain codes', () => {
  const trial = suiteOf('startup').find(
    ({ parameters }) => parameters['measure'] === 'startup of rows that are rotated',
  );
  const [own, plain, ...others] = (trial?.contenders ?? []).map(argumentsOf);
  assert.deepEqual(others, []);
  assert.match(String(own?.['store']), /store-clustered-1000000/);
  assert.deepEqual(plain, { ...own, search_codes: 'plain' });
});
