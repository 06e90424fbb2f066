/** A search stops scanning when its client has disconnected or it has timed out. */
import assert from 'node:assert/strict';
import { test } from 'vitest';
import type { VectorIndex } from '../../src/index/vector-index.ts';
import { createUnloadedService } from '../support/service.ts';

const ROWS = 100 * 1024;
const ROWS_A_PIECE = 1024;
/** Searches in one scan. `SEARCH_CODES=planes` reads for one after another, so that the scan takes hundreds of milliseconds. */
const SEARCHES = 100;
const QUERY = 'a query';

/** The value of every float of every row. */
const LEVEL = 0.05;
/** Puts the threshold above the score of every row and below its bounds: each row is scored, and none is found. */
const MARGIN = 0.001;

function fill(index: VectorIndex): void {
  const vectors = new Float32Array(ROWS_A_PIECE * index.dimensions).fill(LEVEL);
  for (let first = 0; first < ROWS; first += ROWS_A_PIECE) {
    index.addMany(
      Float64Array.from({ length: ROWS_A_PIECE }, (_, row) => 1e6 + first + row),
      vectors,
    );
  }
}

async function startWithRows(settings: Readonly<Record<string, string>> = {}) {
  const service = await createUnloadedService({ SEARCH_THREADS: '1', SEARCH_CODES: 'planes', ...settings });
  const { index, engine } = await service.load();
  const { embeddings } = engine;
  fill(index);
  const [vector] = (await embeddings.embed([QUERY])).vectors; // from here on the cache has the query
  const threshold = (vector as Float32Array).reduce((sum, value) => sum + value * LEVEL, MARGIN);
  const origin = await service.app.listen({ port: 0 });
  const search = (signal?: AbortSignal) =>
    fetch(`${origin}/search`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: QUERY, threshold }),
      ...(signal ? { signal } : {}),
    });
  return { index, search };
}

/** Waits until no scan runs. @returns the pairs of row and query that scans have read */
async function pairsLookedAt(index: VectorIndex): Promise<number> {
  await index.search(new Float32Array(index.dimensions), 1, 1);
  return index.statistics().planeRows;
}

test('searches whose clients have gone are scanned no further', async () => {
  const { index, search } = await startWithRows();
  const leaving = new AbortController();
  const calls = Array.from({ length: SEARCHES }, () => search(leaving.signal).catch(() => 'gone'));
  while (index.statistics().searches < SEARCHES) await new Promise(setImmediate);
  leaving.abort();
  const gone = (await Promise.all(calls)).filter((answer) => answer === 'gone').length;
  assert.ok(gone > SEARCHES / 2, `${gone} of ${SEARCHES} left before they were answered`);
  const pairs = await pairsLookedAt(index);
  assert.ok(pairs < ROWS * SEARCHES * 0.8, `${SEARCHES} searches looked at ${pairs} of ${ROWS} rows each`);
});

test('searches whose time is up are answered with 503 and scanned no further', async () => {
  const { index, search } = await startWithRows({ REQUEST_TIMEOUT_MS: '100' });
  const answers = await Promise.all(Array.from({ length: SEARCHES }, () => search()));
  const late = answers.filter(({ status }) => status === 503);
  assert.ok(late.length > SEARCHES / 2, `${late.length} of ${SEARCHES}`);
  for (const answer of late) assert.match(await answer.text(), /REQUEST_TIMEOUT_MS/);
  for (const { status } of answers) assert.ok(status === 503 || status === 200, `${status}`);
  const pairs = await pairsLookedAt(index);
  assert.ok(pairs < ROWS * SEARCHES * 0.8, `${SEARCHES} searches looked at ${pairs} of ${ROWS} rows each`);
});
