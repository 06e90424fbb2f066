import assert from 'node:assert/strict';
import { test } from 'node:test';
import { native } from '../src/native/binding.ts';

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

test('never holds more bytes than its capacity, and keeps nothing that alone would', () => {
  for (const capacityBytes of [0, 1, 100, 300, 1_000, 5_000, 100_000]) {
    const cache = new native.EmbeddingCache({ dimensions: 16, capacityBytes });
    for (let i = 0; i < 3_000; i++) {
      cache.set(`text ${i}`, new Float32Array(16).fill(i));
      assert.ok(cache.memoryBytes <= capacityBytes);
    }
    assert.equal(cache.size > 0, capacityBytes >= 1_000, `${capacityBytes} bytes keep ${cache.size}`);
    const { size } = cache;
    cache.set('x'.repeat(capacityBytes), new Float32Array(16));
    assert.equal(cache.size, size);
  }
});

test('wrong arguments are refused with a code', () => {
  const cache = new native.EmbeddingCache({ dimensions: 2, capacityBytes: 10_000 });
  const calls: (() => unknown)[] = [
    () => cache.get(wrong(1)),
    () => cache.get(wrong(undefined)),
    () => cache.set(wrong(null), Float32Array.of(1, 2)),
    () => cache.set('a', Float32Array.of(1)),
    () => cache.set('a', wrong([1, 2])),
    () => new native.EmbeddingCache({ dimensions: 0, capacityBytes: 1 }),
    () => new native.EmbeddingCache({ dimensions: 1, capacityBytes: -1 }),
    () => new native.EmbeddingCache({ dimensions: 1, capacityBytes: wrong('1') }),
  ];
  for (const call of calls) assert.throws(call, { code: 'invalid_argument' }, String(call));
  assert.equal(cache.size, 0);
});
