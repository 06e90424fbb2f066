/** The TypeScript interface of the index: a search ends with its signal, and leaves no listener on it. */
import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { afterAll, test } from 'vitest';
import { CosimoError } from '../../src/errors.ts';
import { createVectorIndex } from '../../src/index/vector-index.ts';
import { withRetries } from '../support/with-retries.ts';

const DIMENSIONS = 16;
const ROWS = 1000 * 1024;
const QUERY = new Float32Array(DIMENSIONS).fill(0.1);

// Equal rows: a scan scores every one of them and takes long.
const index = createVectorIndex(DIMENSIONS, 1);
index.addMany(
  Float64Array.from({ length: ROWS }, (_, row) => row),
  new Float32Array(ROWS * DIMENSIONS).fill(0.1),
);
afterAll(() => index.close());

const search = (signal?: AbortSignal) => index.search(QUERY, 5, -1, signal);
const isCancelled = (error: unknown) => error instanceof CosimoError && error.code === 'cancelled';
const listeners = (signal: AbortSignal) => getEventListeners(signal, 'abort').length;
const rowsLookedAt = () => index.statistics().planeRows + index.statistics().byteRows;

test('a signal that fires rejects, the scan goes on for the others and for nobody else', () =>
  withRetries(async () => {
    const before = rowsLookedAt();
    const { scans } = index.statistics();
    const leaving = new AbortController();
    const staying = new AbortController();
    const cancelled = search(leaving.signal);
    while (index.statistics().scans === scans); // waits until a thread of the pool has begun
    const found = [search(staying.signal), search()];
    leaving.abort();
    await assert.rejects(cancelled, isCancelled);
    for (const { keys } of await Promise.all(found)) assert.deepEqual([...keys], [0, 1, 2, 3, 4]);
    assert.ok(rowsLookedAt() - before < 3 * ROWS, `${rowsLookedAt() - before} of ${ROWS} rows for each of three`);
    assert.deepEqual([listeners(leaving.signal), listeners(staying.signal)], [0, 0]);
  }));

test('each of many searches has a signal of its own', async () => {
  const clients = Array.from({ length: 20 }, () => new AbortController());
  const searches = clients.map(({ signal }) => search(signal));
  clients.forEach((client, at) => at % 3 === 0 && client.abort());
  const outcomes = await Promise.allSettled(searches);
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    clients.map((_, at) => (at % 3 === 0 ? 'rejected' : 'fulfilled')),
  );
});

test('a search with a signal that has fired already is not begun', async () => {
  const { searches } = index.statistics();
  await assert.rejects(search(AbortSignal.abort()), isCancelled);
  assert.equal(index.statistics().searches, searches);
});

test('one signal may end many searches; each takes its listener away, however it ends', async () => {
  const client = new AbortController();
  const { signal } = client;
  assert.equal((await search(signal)).keys.length, 5);
  await assert.rejects(index.search(Float32Array.of(1), 5, -1, signal), { code: 'invalid_argument' });
  assert.equal(listeners(signal), 0);
  const searches = [search(signal), search(signal)];
  assert.equal(listeners(signal), 2);
  client.abort();
  for (const each of searches) await assert.rejects(each, isCancelled);
  assert.equal(listeners(signal), 0);
});
