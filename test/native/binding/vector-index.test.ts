/** The native vector index: hits, writes, refused arguments, closing, and its memory. */
import assert from 'node:assert/strict';
import { test } from 'vitest';
import { type NativeHits, type NativeVectorIndex, native } from '../../../src/native/binding.ts';

const LARGEST_KEY = Number.MAX_SAFE_INTEGER;

function indexOf(rows: Record<number, readonly number[]>, dimensions = 2, threads = 2): NativeVectorIndex {
  const index = new native.VectorIndex({ dimensions, threads });
  for (const [key, row] of Object.entries(rows)) index.add(Number(key), Float32Array.from(row));
  return index;
}

function pairs(hits: NativeHits): [number, number][] {
  assert.equal(hits.keys.length, hits.scores.length);
  return Array.from(hits.keys, (key, i) => [key, hits.scores[i] ?? Number.NaN]);
}

/** Lets a test pass a wrong argument on purpose. */
const wrong = (value: unknown) => value as never;

test('finds the best rows first, ties by the smaller key', async () => {
  const index = indexOf({ 5: [1, 0], 3: [1, 0], 9: [0, 1], 4: [-1, 0] });
  const hits = await index.search(Float32Array.of(1, 0), 10, -1);
  assert.ok(hits.keys instanceof Float64Array && hits.scores instanceof Float32Array);
  assert.deepEqual(pairs(hits), [
    [3, 1],
    [5, 1],
    [9, 0],
    [4, -1],
  ]);
  assert.deepEqual(pairs(await index.search(Float32Array.of(1, 0), 1, -1)), [[3, 1]]);
});

test('topK 0 and an empty index give nothing, a threshold is inclusive', async () => {
  const index = indexOf({ 1: [0.5, 0], 2: [0.25, 0] });
  assert.deepEqual(pairs(await index.search(Float32Array.of(1, 0), 0, -1)), []);
  assert.deepEqual(pairs(await index.search(Float32Array.of(1, 0), 9, 0.5)), [[1, 0.5]]);
  assert.deepEqual(pairs(await index.search(Float32Array.of(1, 0), 9, 0.500001)), []);
  assert.equal((await index.search(Float32Array.of(1, 0), LARGEST_KEY, -Infinity)).keys.length, 2);
  assert.deepEqual(pairs(await indexOf({}).search(Float32Array.of(1, 0), 9, -1)), []);
});

test('add, addMany, remove and replace change what searches find', async () => {
  const index = indexOf({ 1: [1, 0] });
  index.addMany(Float64Array.of(0, LARGEST_KEY), Float32Array.of(0, 1, 0, 2));
  index.addMany(new Float64Array(), new Float32Array());
  assert.equal(index.size, 3);
  index.replace(1, 7, Float32Array.of(0, 3));
  index.replace(7, 7, Float32Array.of(0, 4));
  assert.equal(index.remove(0), true);
  assert.equal(index.remove(0), false);
  assert.deepEqual(pairs(await index.search(Float32Array.of(0, 1), 9, -1)), [
    [7, 4],
    [LARGEST_KEY, 2],
  ]);
  assert.equal(index.size, 2);
  assert.equal(index.dimensions, 2);
  assert.ok(index.memoryBytes > 0);
});

test('bytesOfRows plans no less than full chunks take, closed or not', () => {
  const CHUNK = 1024;
  for (const dimensions of [1, 20, 384]) {
    const index = new native.VectorIndex({ dimensions, threads: 1 });
    assert.equal(index.bytesOfRows(0), 0);
    assert.equal(index.bytesOfRows(7), 7 * index.bytesOfRows(1));
    for (const chunks of [1, 4]) {
      const rows = Array.from({ length: chunks * CHUNK - index.size }, (_, row) => index.size + row);
      index.addMany(Float64Array.from(rows), new Float32Array(rows.length * dimensions).fill(0.1));
      const { memoryBytes } = index;
      const planned = index.bytesOfRows(index.size);
      assert.ok(memoryBytes <= planned, `${memoryBytes} of ${planned} bytes for ${index.size} × ${dimensions}`);
    }
    const planned = index.bytesOfRows(1000);
    index.close();
    assert.equal(index.bytesOfRows(1000), planned);
  }
});

test('views are read from their byteOffset to their length, vectors and queries are copied', async () => {
  const backing = Float32Array.of(9, 9, 1, 2, 9, 9);
  const view = backing.subarray(2, 4);
  const index = new native.VectorIndex({ dimensions: 2, threads: 1 });
  index.add(1, view);
  index.addMany(Float64Array.of(77, 2, 77).subarray(1, 2), backing.subarray(3, 5));
  const found = index.search(view, 5, -1);
  backing.fill(0);
  assert.deepEqual(pairs(await found), [
    [2, 20],
    [1, 5],
  ]);
});

test('scores are finite even where float32 would overflow', async () => {
  const index = indexOf({ 1: [3e38, 3e38], 2: [-3e38, -3e38] });
  const largest = Math.fround(3.4028234663852886e38);
  assert.deepEqual(pairs(await index.search(Float32Array.of(3e38, 3e38), 2, -Infinity)), [
    [1, largest],
    [2, -largest],
  ]);
});

test('wrong arguments are refused with a code, and change nothing', async () => {
  const index = indexOf({ 1: [1, 0], 2: [0, 1] });
  const row = Float32Array.of(1, 1);
  const invalid = { code: 'invalid_argument' };
  const calls: (() => unknown)[] = [
    ...[-1, 0.5, Number.NaN, Infinity, 2 ** 53, '3', 3n, undefined].map((key) => () => index.add(wrong(key), row)),
    ...[Float32Array.of(1), [1, 1], Float64Array.of(1, 1), undefined].map((v) => () => index.add(3, wrong(v))),
    () => index.add(1, row),
    () => index.addMany(Float64Array.of(3, 3), Float32Array.of(1, 2, 3, 4)),
    () => index.addMany(Float64Array.of(3, 2), Float32Array.of(1, 2, 3, 4)),
    () => index.addMany(Float64Array.of(3, -1), Float32Array.of(1, 2, 3, 4)),
    () => index.addMany(Float64Array.of(3), Float32Array.of(1, 2, 3)),
    () => index.addMany(wrong(Float32Array.of(3)), row),
    () => index.remove(wrong('1')),
    () => index.replace(8, 9, row),
    () => index.replace(1, 2, row),
    () => new native.VectorIndex({ dimensions: 0, threads: 1 }),
    () => new native.VectorIndex({ dimensions: 2, threads: 0 }),
    () => new native.VectorIndex({ dimensions: 1.5, threads: 1 }),
    () => new native.VectorIndex(wrong(undefined)),
    ...[-1, 0.5, Number.NaN, 2 ** 46 + 1, '3', undefined].map((rows) => () => index.bytesOfRows(wrong(rows))),
    ...['nibbles', '', 1, null, {}].map(
      (scan) => () => new native.VectorIndex({ dimensions: 2, threads: 1, scan: wrong(scan) }),
    ),
    ...[0, -1, 1.5, Number.NaN, '1', undefined].map((ticket) => () => index.cancel(wrong(ticket))),
  ];
  for (const call of calls) assert.throws(call, invalid, String(call));
  for (const bad of [Number.NaN, Infinity, -Infinity]) {
    assert.throws(() => index.add(3, Float32Array.of(1, bad)), { code: 'not_finite' });
    assert.throws(() => index.replace(1, 3, Float32Array.of(1, bad)), { code: 'not_finite' });
  }
  assert.equal(index.size, 2);
  assert.deepEqual(pairs(await index.search(row, 9, -1)), [
    [1, 1],
    [2, 1],
  ]);
});

test('search rejects wrong arguments with a code instead of throwing', async () => {
  const index = indexOf({ 1: [1, 0] });
  const query = Float32Array.of(1, 0);
  const invalid = { code: 'invalid_argument' };
  await assert.rejects(index.search(Float32Array.of(1), 1, 0), invalid);
  await assert.rejects(index.search(wrong([1, 0]), 1, 0), invalid);
  await assert.rejects(index.search(query, -1, 0), invalid);
  await assert.rejects(index.search(query, 1.5, 0), invalid);
  await assert.rejects(index.search(query, Infinity, 0), invalid);
  await assert.rejects(index.search(query, 1, Number.NaN), invalid);
  await assert.rejects(index.search(query, 1, wrong(undefined)), invalid);
  for (const ticket of [0, -1, 1.5, Number.NaN, '1', null])
    await assert.rejects(index.search(query, 1, 0, wrong(ticket)), invalid, String(ticket));
  await assert.rejects(index.search(Float32Array.of(1, Number.NaN), 1, 0), { code: 'not_finite' });
});

test('answers do not depend on the number of threads', async () => {
  const dimensions = 17;
  const rows = 50_000;
  let state = 1;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32 - 0.5;
  };
  const vectors = Float32Array.from({ length: rows * dimensions }, random);
  const keys = Float64Array.from({ length: rows }, (_, i) => i * 3);
  const query = Float32Array.from({ length: dimensions }, random);
  const answers = await Promise.all(
    [1, 2, 4].flatMap((threads) => {
      const index = new native.VectorIndex({ dimensions, threads });
      index.addMany(keys, vectors);
      return [1, 2, 3].map(() => index.search(query, 100, -1));
    }),
  );
  const scored = Array.from(keys, (key, row): [number, number] => {
    let sum = 0;
    for (let i = 0; i < dimensions; i++) sum += (vectors[row * dimensions + i] ?? 0) * (query[i] ?? 0);
    return [key, sum];
  });
  const best = scored
    .sort((a, b) => b[1] - a[1])
    .slice(0, 100)
    .map(([key]) => key);
  assert.deepEqual(Array.from(answers[0]?.keys ?? []), best);
  for (const answer of answers) assert.deepEqual(answer, answers[0]);
});

test('close rejects what waits, refuses what follows, and frees the memory', async () => {
  const index = new native.VectorIndex({ dimensions: 64, threads: 1 });
  // Enough rows that fifty scans take far longer than the call of close, even on a busy machine.
  const rows = 200_000;
  index.addMany(
    Float64Array.from({ length: rows }, (_, i) => i),
    new Float32Array(rows * 64).fill(0.1),
  );
  const query = new Float32Array(64).fill(0.1);
  const searches = Array.from({ length: 50 }, () => index.search(query, 5, -1));
  index.close();
  index.close();
  const outcomes = await Promise.allSettled(searches);
  const codes = outcomes.map((outcome) => (outcome.status === 'fulfilled' ? 'found' : outcome.reason.code));
  assert.equal(codes.at(-1), 'closed', codes.join());
  assert.ok(
    codes.every((code) => code === 'closed' || code === 'found'),
    codes.join(),
  );
  assert.throws(() => index.add(1, query), { code: 'closed' });
  assert.throws(() => index.remove(1), { code: 'closed' });
  assert.throws(() => index.replace(1, 2, query), { code: 'closed' });
  await assert.rejects(index.search(query, 1, 0), { code: 'closed' });
  assert.deepEqual([index.size, index.memoryBytes, index.dimensions], [0, 0, 64]);
});

test('the garbage collector is told of native memory, and so collects indexes that nobody holds', async () => {
  const made: WeakRef<NativeVectorIndex>[] = [];
  for (let i = 0; i < 100; i++) {
    const index = new native.VectorIndex({ dimensions: 1024, threads: 1 }); // 4 MiB of native memory, a few bytes of JavaScript
    index.add(1, new Float32Array(1024));
    made.push(new WeakRef(index));
    await new Promise((resolve) => setImmediate(resolve));
  }
  const collected = made.filter((reference) => reference.deref() === undefined).length;
  assert.ok(collected > 10, `${collected} of 100 were collected`);
});
