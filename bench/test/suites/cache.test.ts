/** The trials of the suite `cache`. */
import assert from 'node:assert/strict';
import { test } from 'vitest';
import type { Contender } from '../../src/trial/trial.ts';
import { argumentsOf, namesOf, suiteOf, valuesOf } from '../support/suites.ts';

const LOOK_UPS = ['hit', 'miss', 'mixed', 'zipf'];

test('cache: hits, misses, mixed and Zipf, from JavaScript beside Map and lru-cache, in C++ with one thread and two', () => {
  const trials = suiteOf('cache').filter(({ unit }) => unit === 'look-ups/s');
  assert.deepEqual(valuesOf(trials, 'operation'), new Set([...LOOK_UPS, 'hit beside a copy', 'zipf-hit', 'one-key']));
  for (const name of ['Cosimo', 'Map, unbounded', 'lru-cache', '1 thread', '2 threads', 'hash, compare and copy'])
    assert.ok(namesOf(trials).has(name));
});

test('cache: hit rates at the same bytes, on Zipf(1.0) and with bulk ingests between, beside lru-cache and plain S3-FIFO', () => {
  const trials = suiteOf('cache').filter(({ unit }) => unit === 'hits/100');
  assert.deepEqual(valuesOf(trials, 'hit_rate'), new Set(['zipf-1', 'scans']));
  assert.deepEqual(namesOf(trials), new Set(['Cosimo', 'S3-FIFO, plain', 'lru-cache']));
  for (const { contenders } of trials)
    assert.ok(contenders.every((contender) => argumentsOf(contender)['hit_rate'] === true));
});

test('cache: memory of a full one, in C++; bodies of 100 cached texts beside JSON.stringify', () => {
  const trials = suiteOf('cache');
  const memory = trials.find(({ unit }) => unit === 'of capacity');
  assert.equal(memory?.better, 'lower');
  assert.equal(argumentsOf(memory?.contenders[0] as Contender)['operation'], 'memory');
  const bodies = trials.find(({ unit }) => unit === 'bodies/s');
  const ways = bodies?.contenders.map(({ name, ...contender }) => [name, argumentsOf({ name, ...contender })['way']]);
  assert.deepEqual(ways, [['Cosimo', 'cache'], ['JSON.stringify', 'stringify']]); // biome-ignore format: pairs
  assert.equal(argumentsOf(bodies?.contenders[0] as Contender)['texts'], 100);
});
