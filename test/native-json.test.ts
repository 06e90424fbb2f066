import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { native } from '../src/native/binding.ts';

const wrong = (value: unknown) => value as never;
const textOf = async (vectors: readonly Float32Array[]) => (await native.writeVectorsJson(vectors)).toString();

test('writes the shortest forms, as one Buffer', async () => {
  assert.ok(Buffer.isBuffer(await native.writeVectorsJson([])));
  assert.equal(await textOf([]), '[]');
  assert.equal(await textOf([new Float32Array()]), '[[]]');
  assert.equal(await textOf([Float32Array.of(0.1, -0, 1, 1e-8), Float32Array.of(-2.5)]), '[[0.1,-0,1,1e-08],[-2.5]]');
});

test('JSON.parse gives back the same float32 bits', async () => {
  const float = fc.float({ noNaN: true, noDefaultInfinity: true });
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(float)), async (rows) => {
      const vectors = rows.map((row) => Float32Array.from(row));
      const parsed: number[][] = JSON.parse(await textOf(vectors));
      assert.deepEqual(
        parsed.map((row) => Float32Array.from(row)),
        vectors,
      );
    }),
  );
  // The one magnitude whose shortest form a reader of doubles rounds to its neighbour.
  const twiceRounded = new Float32Array(Uint32Array.of(0x15ae43fd, 0x95ae43fd).buffer);
  assert.deepEqual(Float32Array.from(JSON.parse(await textOf([twiceRounded]))[0]), twiceRounded);
});

test('views are read from their byteOffset to their length; later changes do not matter', async () => {
  const backing = Float32Array.of(9, 1, 2, 9);
  const written = textOf([backing.subarray(1, 3)]);
  backing.fill(5);
  assert.equal(await written, '[[1,2]]');
});

test('rejects with a code', async () => {
  for (const bad of [Number.NaN, Infinity, -Infinity]) {
    await assert.rejects(textOf([Float32Array.of(1), Float32Array.of(2, bad)]), { code: 'not_finite' });
  }
  for (const bad of [undefined, 'x', {}, Float32Array.of(1), [[1]], [Float64Array.of(1)]]) {
    await assert.rejects(native.writeVectorsJson(wrong(bad)), { code: 'invalid_argument' });
  }
});

test('many calls at once settle, each with its own text', async () => {
  const texts = await Promise.all(Array.from({ length: 500 }, (_, i) => textOf([Float32Array.of(i)])));
  assert.deepEqual(
    texts,
    Array.from({ length: 500 }, (_, i) => `[[${i}]]`),
  );
});
