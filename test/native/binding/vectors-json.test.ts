/** Writes vectors as JSON, at once and off the event loop. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { test } from 'vitest';
import { native } from '../../../src/native/binding.ts';

const wrong = (value: unknown) => value as never;
const roomFor = (vectors: readonly Float32Array[]) =>
  vectors.reduce((room, vector) => room + native.vectorJsonBytes(vector.length), 0);

/** Writes vectors both ways, at once and off the event loop, and asserts that the texts are equal. */
async function textOf(vectors: readonly Float32Array[]): Promise<string> {
  const later = native.vectorsJson(vectors);
  const target = Buffer.alloc(roomFor(vectors), '.');
  const end = native.writeVectorsJson(vectors, target, 0);
  const text = (await later).toString();
  assert.equal(target.toString('latin1', 0, end), text);
  return `[${text}]`;
}

test('writes the shortest forms, at once and off the event loop alike', async () => {
  assert.ok(Buffer.isBuffer(await native.vectorsJson([])));
  assert.equal(await textOf([]), '[]');
  assert.equal(await textOf([new Float32Array()]), '[[]]');
  assert.equal(await textOf([Float32Array.of(0.1, -0, 1, 1e-8), Float32Array.of(-2.5)]), '[[0.1,-0,1,1e-08],[-2.5]]');
});

test('writes into views from an offset on, and not past the room that it asks for', () => {
  const vectors = [Float32Array.of(1, 2), Float32Array.of(-1.1754944e-38, 3)];
  const backing = Buffer.alloc(500, '.');
  const end = native.writeVectorsJson(vectors, backing.subarray(100, 400), 7);
  const text = '[1,2],[-1.1754944e-38,3]';
  assert.equal(end, 7 + text.length);
  assert.equal(backing.toString('latin1', 0, 107), '.'.repeat(107));
  assert.equal(backing.toString('latin1', 107, 100 + end), text);
  assert.equal(backing.toString('latin1', 107 + roomFor(vectors)), '.'.repeat(500 - 107 - roomFor(vectors)));
  for (const room of [0, 10, native.vectorJsonBytes(2)]) {
    assert.throws(() => native.writeVectorsJson(vectors, Buffer.alloc(room), 0), { code: 'invalid_argument' });
  }
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
  // The only magnitude whose shortest form, read as a double and rounded to a float, gives its neighbor.
  const twiceRounded = new Float32Array(Uint32Array.of(0x15ae43fd, 0x95ae43fd).buffer);
  assert.deepEqual(Float32Array.from(JSON.parse(await textOf([twiceRounded]))[0]), twiceRounded);
});

test('views are read from their byteOffset to their length; later changes do not matter', async () => {
  const backing = Float32Array.of(9, 1, 2, 9);
  const written = native.vectorsJson([backing.subarray(1, 3)]);
  backing.fill(5);
  assert.equal((await written).toString(), '[1,2]');
});

test('what cannot be written is refused with a code', async () => {
  const target = Buffer.alloc(1000);
  for (const bad of [Number.NaN, Infinity, -Infinity]) {
    const vectors = [Float32Array.of(1), Float32Array.of(2, bad)];
    assert.throws(() => native.writeVectorsJson(vectors, target, 0), { code: 'not_finite' });
    await assert.rejects(native.vectorsJson(vectors), { code: 'not_finite' });
  }
  for (const bad of [undefined, 'x', {}, Float32Array.of(1), [[1]], [Float64Array.of(1)]]) {
    assert.throws(() => native.writeVectorsJson(wrong(bad), target, 0), { code: 'invalid_argument' });
    await assert.rejects(native.vectorsJson(wrong(bad)), { code: 'invalid_argument' });
  }
  for (const [bad, offset] of [
    [undefined, 0],
    [new Uint16Array(1000), 0],
    [target, 1001],
    [target, -1],
    [target, 0.5],
  ]) {
    assert.throws(() => native.writeVectorsJson([], wrong(bad), wrong(offset)), { code: 'invalid_argument' });
  }
});

test('many calls at once settle, each with its own text', async () => {
  const texts = await Promise.all(Array.from({ length: 500 }, (_, i) => textOf([Float32Array.of(i)])));
  assert.deepEqual(
    texts,
    Array.from({ length: 500 }, (_, i) => `[[${i}]]`),
  );
});

test('a getter may detach the target, which is refused then, or an earlier vector, which is empty then', () => {
  const detach = (view: { readonly buffer: ArrayBufferLike }) =>
    structuredClone(0, { transfer: [view.buffer as ArrayBuffer] });
  const pair = (first: Float32Array, onRead: () => void) =>
    Object.defineProperty([first, first], 1, {
      get() {
        onRead();
        return Float32Array.of(2);
      },
    });
  const target = new Uint8Array(1 << 20);
  assert.throws(
    () =>
      native.writeVectorsJson(
        pair(Float32Array.of(1), () => detach(target)),
        target,
        0,
      ),
    { code: 'invalid_argument' },
  );
  assert.equal(target.length, 0);
  const first = new Float32Array(1 << 18);
  const room = Buffer.alloc(native.vectorJsonBytes(1) * 2);
  const end = native.writeVectorsJson(
    pair(first, () => detach(first)),
    room,
    0,
  );
  assert.equal(room.toString('latin1', 0, end), '[],[2]');
});
