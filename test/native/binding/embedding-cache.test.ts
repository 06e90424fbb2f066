/** The native embedding cache: copies, keys, eviction, threads that share it, and refused arguments. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { test } from 'vitest';
import { native } from '../../../src/native/binding.ts';

const wrong = (value: unknown) => value as never;

test('gives back a copy of what was set', () => {
  const cache = new native.EmbeddingCache({ dimensions: 3, capacityBytes: 10_000 });
  const vector = Float32Array.of(9, 1, 2, 3, 9).subarray(1, 4);
  cache.set('a text', vector);
  vector.fill(0);
  const first = cache.get('a text');
  assert.deepEqual(first, Float32Array.of(1, 2, 3));
  first?.fill(7);
  assert.deepEqual(cache.get('a text'), Float32Array.of(1, 2, 3));
  cache.set('a text', Float32Array.of(4, 5, 6));
  assert.deepEqual(cache.get('a text'), Float32Array.of(4, 5, 6));
  assert.equal(cache.get('A text'), undefined);
  assert.deepEqual([cache.size, cache.dimensions, cache.capacityBytes], [1, 3, 10_000]);
});

test('different strings are different keys: empty, NUL, astral, lone surrogates', () => {
  const cache = new native.EmbeddingCache({ dimensions: 1, capacityBytes: 100_000 });
  const texts = [
    '',
    '\0',
    '\0\0',
    'a\0b',
    'a\0c',
    'a',
    'é',
    'e\u0301',
    '😀',
    '\ud83d',
    '\ude00',
    '\ud800',
    '\ufffd',
    'x\ud800',
    'x\ud801',
  ];
  texts.forEach((text, i) => {
    assert.equal(cache.get(text), undefined);
    cache.set(text, Float32Array.of(i));
  });
  texts.forEach((text, i) => {
    assert.deepEqual(cache.get(text), Float32Array.of(i), JSON.stringify(text));
  });
  assert.equal(cache.size, texts.length);
});

test('never holds more bytes than its capacity, and keeps no entry that is larger than that', () => {
  for (const capacityBytes of [0, 1, 300, 4_000, 10_000, 30_000, 100_000, 1_000_000]) {
    const cache = new native.EmbeddingCache({ dimensions: 16, capacityBytes });
    for (let i = 0; i < 10_000; i++) {
      cache.set(`text ${i}`, new Float32Array(16).fill(i));
      assert.ok(cache.memoryBytes <= capacityBytes);
    }
    assert.equal(cache.size > 0, capacityBytes >= 10_000, `${capacityBytes} bytes keep ${cache.size}`);
    const { size } = cache;
    cache.set('x'.repeat(capacityBytes), new Float32Array(16));
    assert.equal(cache.size, size);
  }
});

test('writes JSON of what it holds, all texts or none', () => {
  const cache = new native.EmbeddingCache({ dimensions: 2, capacityBytes: 100_000 });
  cache.set('a', Float32Array.of(0.5, -1));
  cache.set('b', Float32Array.of(1e-8, 3));
  const target = Buffer.alloc(3 * native.vectorJsonBytes(2) + 5, '.');
  const write = (texts: string[]) => cache.writeJson(texts, target, 5);
  const end = write(['a', 'b', 'a']);
  assert.equal(target.toString('latin1', 0, end), '.....[0.5,-1],[1e-08,3],[0.5,-1]');
  assert.equal(write([]), 5);
  assert.equal(write(['a', 'c']), -1);
  assert.equal(write(['c']), -1);
  const { hits, misses } = cache.statistics();
  assert.deepEqual({ hits, misses }, { hits: 3, misses: 0 });
});

test('every look-up is counted, and every entry that comes or goes', () => {
  const cache = new native.EmbeddingCache({ dimensions: 16, capacityBytes: 100_000 });
  for (let i = 0; i < 5_000; i++) {
    cache.get(`text ${i}`);
    cache.set(`text ${i}`, new Float32Array(16));
    cache.get(`text ${i}`);
  }
  cache.set('x'.repeat(200_000), new Float32Array(16));
  const { entries, memoryBytes, ...counts } = cache.statistics();
  assert.deepEqual([entries, memoryBytes], [cache.size, cache.memoryBytes]);
  assert.deepEqual(counts, { ...counts, hits: 5_000, misses: 5_000, insertions: 5_000, refusals: 1 });
  assert.equal(counts.insertions - counts.evictions, entries);
  assert.ok(counts.evictions > 1_000);
});

test('entries age: after their time to live they are not found', async () => {
  const cache = new native.EmbeddingCache({ dimensions: 1, capacityBytes: 100_000, timeToLiveMs: 60 });
  cache.set('a', Float32Array.of(1));
  assert.deepEqual(cache.get('a'), Float32Array.of(1));
  await new Promise((resolve) => setTimeout(resolve, 80));
  assert.equal(cache.get('a'), undefined);
  assert.equal(cache.writeJson(['a'], Buffer.alloc(100), 0), -1);
  cache.set('a', Float32Array.of(2));
  assert.deepEqual(cache.get('a'), Float32Array.of(2));
});

test('threads share one cache, for as long as someone has it', async () => {
  const cache = new native.EmbeddingCache({ dimensions: 1, capacityBytes: 1_000_000 });
  cache.set('ours', Float32Array.of(1));
  assert.equal(cache.share(), cache.share());
  const found = await inThread(
    `const cache = new native.EmbeddingCache({ shared: data.shared });
     const found = cache.get('ours')[0];
     cache.set('theirs', Float32Array.of(2));
     parentPort.postMessage({ found, entries: cache.size, number: cache.share() });`,
    { shared: cache.share() },
  );
  assert.deepEqual(found, { found: 1, entries: 2, number: cache.share() });
  assert.deepEqual(cache.get('theirs'), Float32Array.of(2));
  assert.deepEqual([cache.statistics().hits, cache.statistics().misses], [2, 0]);
  assert.throws(() => new native.EmbeddingCache({ shared: cache.share() + 1000 }), { code: 'invalid_argument' });
});

/** Runs the body in a thread with its own addon. Resolves with the first message that it posts. */
async function inThread(body: string, data: object): Promise<unknown> {
  const binding = new URL('../../../src/native/binding.ts', import.meta.url).href;
  const code = `const { parentPort, workerData: data } = require('node:worker_threads');
    import(${JSON.stringify(binding)}).then(({ native }) => { ${body} });`;
  const worker = new Worker(code, { eval: true, workerData: data });
  const [message] = await once(worker, 'message');
  await worker.terminate();
  return message;
}

test('wrong arguments are refused with a code', () => {
  const cache = new native.EmbeddingCache({ dimensions: 2, capacityBytes: 10_000 });
  const calls: (() => unknown)[] = [
    () => cache.get(wrong(1)),
    () => cache.get(wrong(undefined)),
    () => cache.set(wrong(null), Float32Array.of(1, 2)),
    () => cache.set('a', Float32Array.of(1)),
    () => cache.set('a', wrong([1, 2])),
    () => cache.writeJson(wrong('a'), Buffer.alloc(100), 0),
    () => cache.writeJson([wrong(1)], Buffer.alloc(100), 0),
    () => cache.writeJson(['a'], Buffer.alloc(native.vectorJsonBytes(2) - 1), 0),
    () => cache.writeJson(['a'], Buffer.alloc(100), 101),
    () => cache.writeJson(['a'], wrong([]), 0),
    () => new native.EmbeddingCache({ shared: wrong('1') }),
    () => new native.EmbeddingCache({ dimensions: 1, capacityBytes: 1, timeToLiveMs: -1 }),
    () => new native.EmbeddingCache({ dimensions: 0, capacityBytes: 1 }),
    () => new native.EmbeddingCache({ dimensions: 1, capacityBytes: -1 }),
    () => new native.EmbeddingCache({ dimensions: 1, capacityBytes: wrong('1') }),
  ];
  for (const call of calls) assert.throws(call, { code: 'invalid_argument' }, String(call));
  assert.equal(cache.size, 0);
});

test('a getter that detaches the target of writeJson has it refused', () => {
  const cache = new native.EmbeddingCache({ dimensions: 1, capacityBytes: 100_000 });
  cache.set('a', Float32Array.of(1));
  const target = new Uint8Array(1 << 20);
  const texts = Object.defineProperty(['a', 'a'], 1, {
    get() {
      structuredClone(0, { transfer: [target.buffer] });
      return 'a';
    },
  });
  assert.throws(() => cache.writeJson(texts, target, 0), { code: 'invalid_argument' });
});
