/** The data of the benchmark: the same for the same seed, and with the properties that its name says. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, test } from 'vitest';
import { loadTokenizer } from '../../src/encoder/tokenizer/tokenizer.ts';
import { NEW_KEY, SPARE_ROWS, type TraceSet, type VectorSet, type VectorSource } from '../src/data/data-set.ts';
import { seededRandom, zipf } from '../src/data/random.ts';
import { textsOfLengths } from '../src/data/texts.ts';
import { traceOf } from '../src/data/traces.ts';
import { examplesOf } from '../src/data/usage-examples.ts';
import { writeVectors } from '../src/data/vectors.ts';
import { testModelDir } from './support/model-dir.ts';

const DIMENSIONS = 64;
const folder = mkdtempSync(join(tmpdir(), 'cosimo-bench-data-'));
afterAll(() => rmSync(folder, { recursive: true }));

const floats = (path: string) => new Float32Array(new Uint8Array(readFileSync(path)).buffer);

async function vectorsOf(source: VectorSource, seed: number, rows = 512) {
  const set: VectorSet = { kind: 'vectors', source, rows, queries: 8, dimensions: DIMENSIONS, seed };
  const paths = { vectors: join(folder, 'rows'), queries: join(folder, 'queries') };
  await writeVectors(set, paths);
  return { rows: floats(paths.vectors), queries: floats(paths.queries) };
}

const rowOf = (values: Float32Array, row: number) => values.subarray(row * DIMENSIONS, (row + 1) * DIMENSIONS);
const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, i) => sum + value * (b[i] as number), 0);

/** The share of the strongest direction in the total variance, by power iteration. */
function strongestShare(values: Float32Array, count: number): number {
  let direction = new Float64Array(DIMENSIONS).fill(1 / Math.sqrt(DIMENSIONS));
  let strength = 0;
  for (let step = 0; step < 30; step += 1) {
    const next = new Float64Array(DIMENSIONS);
    for (let row = 0; row < count; row += 1) {
      const vector = rowOf(values, row);
      const along = vector.reduce((sum, value, i) => sum + value * (direction[i] as number), 0);
      vector.forEach((value, i) => (next[i] = (next[i] as number) + along * value));
    }
    strength = Math.hypot(...next) / count;
    direction = next.map((value) => value / (strength * count));
  }
  return strength; // rows have length 1, so the variances add up to 1
}

describe('vectors', () => {
  for (const source of ['gaussian', 'clustered', 'near-duplicates'] as const) {
    test(`${source}: the same seed gives the same unit rows, another one others`, async () => {
      const first = await vectorsOf(source, 1);
      assert.equal(first.rows.length, (512 + SPARE_ROWS) * DIMENSIONS);
      assert.equal(first.queries.length, 8 * DIMENSIONS);
      for (let row = 0; row < 512; row += 1) {
        const vector = rowOf(first.rows, row);
        assert.ok(Math.abs(dot(vector, vector) - 1) < 1e-5);
      }
      assert.deepEqual(await vectorsOf(source, 1), first);
      assert.notDeepEqual((await vectorsOf(source, 2)).rows.slice(0, DIMENSIONS), first.rows.slice(0, DIMENSIONS));
    });
  }

  test('gaussian rows have no preferred direction; clustered ones have a spectrum, not along an axis', async () => {
    const gaussian = (await vectorsOf('gaussian', 3)).rows;
    const clustered = (await vectorsOf('clustered', 3)).rows;
    assert.ok(strongestShare(gaussian, 4096) < 2 / DIMENSIONS);
    assert.ok(strongestShare(clustered, 4096) > 8 / DIMENSIONS);
    const axes = Array.from({ length: DIMENSIONS }, (_, axis) => {
      let square = 0;
      for (let row = 0; row < 4096; row += 1) square += (clustered[row * DIMENSIONS + axis] as number) ** 2;
      return square / 4096;
    });
    assert.ok(Math.max(...axes) < 6 / DIMENSIONS, 'the strongest direction is spread over many axes');
  });

  test('clustered rows have near neighbors, gaussian ones none', async () => {
    const nearest = (values: Float32Array) => {
      const query = rowOf(values, 0);
      return Math.max(...Array.from({ length: 4000 }, (_, i) => dot(query, rowOf(values, i + 1))));
    };
    assert.ok(nearest((await vectorsOf('clustered', 4)).rows) > nearest((await vectorsOf('gaussian', 4)).rows) + 0.1);
  });

  test('near-duplicates: groups of exact ties, and of rows a little apart', async () => {
    const { rows } = await vectorsOf('near-duplicates', 5);
    for (const other of [1, 2, 3]) assert.deepEqual(rowOf(rows, other), rowOf(rows, 0));
    assert.notDeepEqual(rowOf(rows, 4), rowOf(rows, 0));
    for (let other = 4; other < 16; other += 1) assert.ok(dot(rowOf(rows, 0), rowOf(rows, other)) > 0.98);
    assert.ok(Math.abs(dot(rowOf(rows, 0), rowOf(rows, 16))) < 0.7, 'the next group is another one');
  });
});

test('random numbers: seeded, in range, and distributed as named', () => {
  assert.deepEqual(
    Array.from({ length: 5 }, seededRandom(7).uniform),
    Array.from({ length: 5 }, seededRandom(7).uniform),
  );
  const random = seededRandom(8);
  const draws = Array.from({ length: 50_000 }, () => random.gaussian());
  const mean = draws.reduce((sum, value) => sum + value, 0) / draws.length;
  const variance = draws.reduce((sum, value) => sum + (value - mean) ** 2, 0) / draws.length;
  assert.ok(Math.abs(mean) < 0.02 && Math.abs(variance - 1) < 0.03, `mean ${mean}, variance ${variance}`);
  const gaps = Array.from({ length: 50_000 }, () => random.exponential());
  assert.ok(Math.abs(gaps.reduce((sum, value) => sum + value, 0) / gaps.length - 1) < 0.03);
});

test('Zipf draws fall with the rank', () => {
  const draw = zipf(seededRandom(9), 1000, 1);
  const counts = new Float64Array(1000);
  for (let i = 0; i < 100_000; i += 1) {
    const rank = draw();
    counts[rank] = (counts[rank] as number) + 1;
  }
  const sum = Array.from({ length: 1000 }, (_, i) => 1 / (i + 1)).reduce((a, b) => a + b, 0);
  for (const rank of [1, 2, 10]) {
    const share = (counts[rank - 1] as number) / 100_000;
    assert.ok(Math.abs(share * rank * sum - 1) < 0.2, `rank ${rank} has ${share}`);
  }
});

describe('traces', () => {
  const trace = (operation: TraceSet['operation']) =>
    traceOf({ kind: 'trace', operation, entries: 100, seed: 1 }, seededRandom(1));

  test('hits ask for what is stored, misses for nothing that is', () => {
    const stored = new Set(trace('hit').stored);
    assert.ok(trace('hit').sequence.every((at) => stored.has(at)));
    assert.ok(trace('miss').sequence.every((at) => !stored.has(at)));
  });

  test('mixed: a tenth are new keys, the rest are stored', () => {
    const { sequence, stored } = trace('mixed');
    const fresh = sequence.filter((at) => at === NEW_KEY);
    assert.ok(Math.abs(fresh.length / sequence.length - 0.1) < 0.01);
    assert.ok(sequence.every((at) => at === NEW_KEY || at < stored.length));
  });

  test('scans: a fifth are keys that come once, in runs between popular ones', () => {
    const { sequence, stored } = trace('scans');
    const fresh = sequence.map((at) => at === NEW_KEY);
    const share = fresh.filter(Boolean).length / sequence.length;
    assert.ok(Math.abs(share - 0.2) < 0.01, `${share}`);
    const starts = fresh.filter((isNew, at) => isNew && !fresh[at - 1]).length;
    assert.equal(starts, Math.floor(sequence.length / 25_000));
    assert.deepEqual(stored, []);
  });

  test('the popular are more so by a Zipf exponent of 1 than by 0.9', () => {
    const share = (operation: TraceSet['operation']) => {
      const { sequence } = trace(operation);
      return sequence.filter((at) => at === 0).length / sequence.length;
    };
    assert.ok(share('zipf-1') > 1.1 * share('zipf'), `${share('zipf-1')} against ${share('zipf')}`);
  });

  test('keys are distinct texts of one length', () => {
    const { keys } = trace('zipf');
    assert.equal(new Set(keys).size, 1000);
    assert.deepEqual([...new Set(keys.map(({ length }) => length))], [60]);
  });
});

test('usage examples: what stands in quotation marks behind a definition, once each, but for short ones', () => {
  const file = [
    '  1 This software and database is being provided "as is", without warranty of any kind',
    '00001740 03 n 01 entity 0 000 | that which is perceived "or known"; "it was full of rackets and balls"; "a long tail of it"',
    '00001930 03 n 01 thing 0 000 | a separate entity; "it was full of rackets and balls"',
    '',
  ].join('\n');
  assert.deepEqual(examplesOf([file, file]), ['it was full of rackets and balls']);
});

test('texts have exactly the wanted tokens', async () => {
  const tokenizer = await loadTokenizer(await testModelDir(), { maxSeqLength: 256, vocabSize: 30_522 });
  const sentences = [
    'A computer is a general-purpose machine, unbelievably so.',
    'Nothing is impossible for the man who does not have to do it himself.',
    'Antidisestablishmentarianism & electroencephalography: two long words.',
  ];
  const lengths = [1, 14, 62, 62, 3, 200];
  const texts = await textsOfLengths(lengths, sentences, tokenizer);
  const counts = (await tokenizer.tokenize(texts)).map(({ ids }) => ids.length - 2);
  assert.deepEqual(counts, lengths);
});
