/** Counts of documents and rows during writes, step by step; `document-service.test.ts` has concurrent writes. */
import assert from 'node:assert/strict';
import { afterAll, test } from 'vitest';
import { createVectorIndex } from '../../src/index/vector-index.ts';
import { IndexCapacity } from '../../src/service/index-capacity.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';

const DIMENSIONS = 20;
/** Memory of a row: two lines of 16 floats with their codes, and 64 bytes. */
const ROW_BYTES = 224;
const FULL = { code: 'index_full' };

const index = createVectorIndex(DIMENSIONS, 1);
afterAll(() => index.close());
const documentsMax = 2;

/** Makes a store with documents and its capacity, with the calls of DocumentService on both. */
async function startWith(ids: readonly string[], bytesMax = 1 << 30) {
  const store = new MemoryStore();
  const put = (id: string) => store.put({ id, text: '', metadata: '{}' });
  for (const id of ids) await put(id);
  const capacity = new IndexCapacity({ store, index, documentsMax, bytesMax });
  return {
    capacity,
    /** Commits an admitted write. */
    async store(id: string): Promise<void> {
      capacity.stored(id, (await put(id)).replaced === undefined);
      capacity.release(id);
    },
    async delete(id: string): Promise<void> {
      await store.delete(id);
      capacity.deleted(id);
    },
  };
}

test('an id that is deleted while it is being replaced keeps its place', async () => {
  const { capacity, ...writer } = await startWith(['a', 'b']);
  capacity.admit('a');
  await writer.delete('a');
  assert.throws(() => capacity.admit('c'), FULL);
  await writer.store('a');
  assert.throws(() => capacity.admit('c'), FULL);
  await writer.delete('b');
  capacity.admit('c');
});

test('an id under way twice takes one place, before and after its first commit', async () => {
  const { capacity, ...writer } = await startWith([]);
  capacity.admit('a');
  capacity.admit('a');
  await writer.store('a');
  capacity.admit('b');
  assert.throws(() => capacity.admit('c'), FULL);
  await writer.store('a');
  capacity.release('b');
  capacity.admit('c');
});

test('rows under way count by their bytes, those of replacements too', async () => {
  const { capacity } = await startWith(['a', 'b'], index.memoryBytes + 3 * ROW_BYTES);
  capacity.admit('a');
  capacity.admit('a');
  assert.throws(() => capacity.admit('b'), FULL, 'three rows would reach the limit');
  capacity.release('a');
  capacity.admit('b');
});

test('a store that is larger than a limit is refused', async () => {
  const ids = ['a', 'b'];
  const fitting = await startWith(ids, index.memoryBytes + 2 * ROW_BYTES + 1);
  fitting.capacity.requireRoomForStore();
  fitting.capacity.requireBytesFor(2);
  assert.throws(() => fitting.capacity.requireBytesFor(3), { ...FULL, message: /raise MAX_INDEX_BYTES/ });
  const { capacity } = await startWith(ids, index.memoryBytes + 2 * ROW_BYTES);
  assert.throws(() => capacity.requireRoomForStore(), { ...FULL, message: / 448 bytes, .* raise MAX_INDEX_BYTES/ });
  const many = await startWith([...ids, 'c']);
  assert.throws(() => many.capacity.requireRoomForStore(), { ...FULL, message: /3 documents, .*MAX_DOCUMENTS=2/ });
});
