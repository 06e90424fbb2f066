/** The lists of trials: what must be measured is in them, and what they name exists. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { nameOf } from '../bench/data/data-set.ts';
import { OPERATIONS } from '../bench/load/operations.ts';
import { SUITES } from '../bench/suites/suites.ts';
import type { SuiteOptions, Trial } from '../bench/trial.ts';

const OPTIONS: SuiteOptions = {
  quick: false,
  seed: 1,
  threads: [1, 2],
  cpu: {
    kernels: ['avx512', 'avx2', 'scalar'],
    active_kernel: 'avx512',
    features: [],
    instructions: ['fma_zmm', 'vnni_zmm', 'bf16_zmm'],
  },
};
const suiteOf = (name: string) => SUITES.find((suite) => suite.name === name)?.trials(OPTIONS) ?? [];
const valuesOf = (trials: readonly Trial[], name: string) => new Set(trials.map(({ parameters }) => parameters[name]));
const namesOf = (trials: readonly Trial[]) =>
  new Set(trials.flatMap(({ contenders }) => contenders.map(({ name }) => name)));

for (const suite of SUITES) {
  for (const quick of [false, true]) {
    test(`${suite.name}${quick ? ' --quick' : ''}: ids are unique, programs exist, one subject leads`, () => {
      const trials = suite.trials({ ...OPTIONS, quick });
      assert.ok(trials.length > 0);
      assert.equal(new Set(trials.map(({ id }) => id)).size, trials.length);
      for (const { id, contenders } of trials) {
        const subjects = contenders.filter(({ role }) => role === 'subject');
        assert.ok(subjects.length <= 1 && (subjects.length === 0 || contenders[0] === subjects[0]), id);
        for (const { program } of contenders) {
          if (program.kind === 'native' || program.kind === 'missing') continue;
          const folder = program.kind === 'node' ? 'contenders' : 'peers';
          assert.ok(existsSync(fileURLToPath(new URL(`../bench/${folder}/${program.file}`, import.meta.url))), id);
        }
      }
    });
  }

  test(`${suite.name}: every chart has trials to show`, () => {
    const trials = suite.trials(OPTIONS);
    for (const { name, where } of suite.charts) {
      const shown = trials.filter(({ parameters }) =>
        Object.entries(where).every(([key, value]) => parameters[key] === value),
      );
      assert.ok(shown.length > 0, name);
    }
  });
}

test('index: all combinations of rows, k, queries at once and threads; four kinds of rows; writes', () => {
  const trials = suiteOf('index');
  const gaussian = trials.filter(({ parameters }) => parameters['source'] === 'gaussian');
  assert.equal(gaussian.length, 3 * 3 * 3 * 2);
  assert.deepEqual(valuesOf(gaussian, 'rows'), new Set([10_000, 100_000, 1_000_000]));
  assert.deepEqual(valuesOf(gaussian, 'k'), new Set([1, 10, 100]));
  assert.deepEqual(valuesOf(gaussian, 'queries at once'), new Set([1, 8, 64]));
  const sources = ['gaussian', 'clustered', 'near-duplicates', 'sentences'];
  for (const source of sources) assert.ok(valuesOf(trials, 'source').has(source), source);
  for (const operation of ['build', 'upsert', 'delete']) {
    assert.equal(trials.filter(({ parameters }) => parameters['operation'] === operation).length, 3);
  }
  assert.deepEqual(namesOf(trials), new Set(['Cosimo', 'FAISS', 'FAISS, BLAS always', 'NumPy', 'usearch']));
  assert.ok(trials.filter(({ id }) => id.startsWith('search')).every(({ compare }) => compare === 'hits'));
});

test('cache: hits, misses, mixed and Zipf, from JavaScript beside Map and lru-cache, in C++ with one thread and two', () => {
  const trials = suiteOf('cache');
  assert.deepEqual(valuesOf(trials, 'operation'), new Set(['hit', 'miss', 'mixed', 'zipf']));
  for (const name of ['Cosimo', 'Map, unbounded', 'lru-cache', '1 thread', '2 threads'])
    assert.ok(namesOf(trials).has(name));
});

test('encode: lengths, batches, threads and every peer at its precision', () => {
  const trials = suiteOf('encode');
  for (const tokens of [16, 64, 256, 'mixed']) assert.ok(valuesOf(trials, 'tokens').has(tokens));
  assert.deepEqual(valuesOf(trials, 'threads'), new Set([1, 2]));
  const names = [...namesOf(trials)].join('; ');
  for (const peer of ['torch fp32', 'torch bf16', 'community fp32', 'community int8', 'OpenVINO fp32']) {
    assert.ok(names.includes(peer), peer);
  }
  for (const peer of ['OpenVINO bf16', 'OpenVINO int8', 'transformers.js']) assert.ok(names.includes(peer), peer);
});

test('http: every operation with 1, 16 and 64 clients, and fixed arrival rates', () => {
  const trials = suiteOf('http');
  const closed = trials.filter(({ parameters }) => parameters['loop'] === 'closed');
  assert.equal(closed.length, OPERATIONS.length * 3);
  assert.deepEqual(valuesOf(closed, 'clients'), new Set([1, 16, 64]));
  const open = trials.filter(({ parameters }) => parameters['loop'] === 'open');
  assert.deepEqual(valuesOf(open, 'operation'), new Set(OPERATIONS));
  assert.ok(open.every(({ better }) => better === 'lower'));
  assert.deepEqual(namesOf(trials), new Set(['Cosimo', 'FastAPI']));
});

test('startup: 0, 100,000 and 1,000,000 documents; where the peer keeps nothing, its row says missing', () => {
  const trials = suiteOf('startup');
  assert.deepEqual(valuesOf(trials, 'documents'), new Set([0, 100_000, 1_000_000]));
  for (const { parameters, contenders } of trials) {
    const expected = parameters['documents'] === 0 ? 'node' : 'missing';
    assert.equal(contenders[1]?.program.kind, expected);
  }
});

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

test('every program is told the threads and the seed of its trial', () => {
  const options = { ...OPTIONS, seed: 77 };
  for (const { id, parameters, contenders } of SUITES.flatMap((suite) => suite.trials(options))) {
    for (const { program } of contenders) {
      if (program.kind === 'missing') continue;
      const spec = program.kind === 'native' ? program.args.join(' ') : JSON.stringify(program.spec);
      if (typeof parameters['threads'] === 'number') {
        assert.match(spec, new RegExp(`(--threads |"threads":)${parameters['threads']}\\b`), id);
      }
      const seedless =
        /^(read|instructions) /.test(spec) || (/"service"/.test(spec) === false && /"texts"|"trace"/.test(spec));
      if (!seedless && !id.startsWith('startup')) assert.match(spec, /--seed 77|"seed":77/, id);
    }
  }
});

test('every data file is named by its seed', () => {
  for (const set of SUITES.flatMap((suite) => suite.trials({ ...OPTIONS, seed: 77 })).flatMap(({ data }) => data)) {
    assert.match(nameOf(set), /-seed77$/);
  }
});
