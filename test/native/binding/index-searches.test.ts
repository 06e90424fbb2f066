/** Searches of the native index: cancelling them while they run, and what statistics count. */
import assert from 'node:assert/strict';
import { setTimeout } from 'node:timers/promises';
import { afterAll, describe, test, vi } from 'vitest';
import { type CodeScan, type NativeHits, type NativeVectorIndex, native } from '../../../src/native/binding.ts';
import { withRetries } from '../../support/with-retries.ts';

const DIMENSIONS = 64;
const QUERY = new Float32Array(DIMENSIONS).fill(0.1);
const CANCELLED = { code: 'cancelled' };

interface IndexOptions {
  readonly dimensions?: number;
  readonly scan?: CodeScan;
}

/** Equal rows: no bound excludes one of them, so a scan scores every row and takes long. */
function indexOfEquals(rows: number, { dimensions = DIMENSIONS, scan = 'auto' }: IndexOptions = {}): NativeVectorIndex {
  const index = new native.VectorIndex({ dimensions, threads: 1, scan });
  index.addMany(
    Float64Array.from({ length: rows }, (_, row) => row),
    new Float32Array(rows * dimensions).fill(0.1),
  );
  return index;
}

const rowsLookedAt = ({ planeRows, byteRows }: { planeRows: number; byteRows: number }) => planeRows + byteRows;
const keysOf = ({ keys }: NativeHits) => [...keys];

describe('cancelling', () => {
  const rows = 1000 * 1024;
  const index = indexOfEquals(rows, { dimensions: 16 });
  afterAll(() => index.close());
  const query = QUERY.subarray(0, 16);
  const search = (ticket?: number) => index.search(query, 20, -1, ticket);
  const best = Array.from({ length: 20 }, (_, row) => row);
  const scans = () => index.statistics().scans;
  /** Waits until a thread of the pool has begun another scan. */
  const nextScan = (before: number) => {
    while (scans() === before);
  };
  let lookedAt = 0;
  /** @returns the pairs of row and query that scans have read since the last call */
  const newlyLookedAt = () => {
    const before = lookedAt;
    lookedAt = rowsLookedAt(index.statistics());
    return lookedAt - before;
  };

  test('a running search rejects, and its scan stops', () =>
    withRetries(async () => {
      newlyLookedAt();
      const before = index.statistics();
      const running = search(1);
      nextScan(before.scans);
      index.cancel(1);
      await assert.rejects(running, CANCELLED);
      assert.deepEqual(keysOf(await search()), best, 'the next one is not affected');
      const pairs = newlyLookedAt();
      assert.ok(pairs > rows && pairs < 1.9 * rows, `${pairs - rows} of ${rows} rows`);
      const { searches } = index.statistics();
      assert.deepEqual([searches - before.searches, scans() - before.scans], [2, 2]);
    }));

  test('waiting searches reject, those beside them find what they find alone', () =>
    withRetries(async () => {
      newlyLookedAt();
      const before = scans();
      const running = search();
      nextScan(before);
      const waiting = Array.from({ length: 10 }, (_, at) => search(at + 1));
      for (const ticket of [1, 2, 3, 5, 7, 8, 9, 10]) index.cancel(ticket);
      const outcomes = await Promise.allSettled([running, ...waiting]);
      const found = outcomes.map((outcome) =>
        outcome.status === 'fulfilled' ? keysOf(outcome.value) : outcome.reason.code,
      );
      const c = 'cancelled';
      assert.deepEqual(found, [best, c, c, c, best, c, best, c, c, c, c]);
      assert.equal(newlyLookedAt(), 3 * rows, 'nothing was scanned for those that had gone');
    }));

  test('one of a scan that is shared rejects, the others run on', () =>
    withRetries(async () => {
      const before = scans();
      const first = search();
      nextScan(before);
      const shared = [1, 2, 3].map((ticket) => search(ticket));
      assert.deepEqual(keysOf(await first), best);
      nextScan(before + 1);
      index.cancel(2);
      await assert.rejects(shared[1] as Promise<NativeHits>, CANCELLED);
      for (const each of [shared[0], shared[2]]) assert.deepEqual(keysOf((await each) as NativeHits), best);
      assert.equal(scans(), before + 2);
    }));

  test('cancelling an ended or unknown ticket does nothing, and an ended ticket may be used again', async () => {
    const small = indexOfEquals(10);
    small.cancel(7);
    assert.equal((await small.search(QUERY, 5, -1, 7)).keys.length, 5);
    small.cancel(7);
    assert.equal((await small.search(QUERY, 5, -1, 7)).keys.length, 5, 'a ticket may be used again');
    for (let ticket = 1; ticket < 3000; ticket += 1) await small.search(QUERY, 1, -1, ticket);
    small.close();
    small.cancel(7);
    await assert.rejects(small.search(QUERY, 5, -1, 7), { code: 'closed' });
  });
});

describe('statistics', () => {
  const rows = 4096;

  for (const scan of ['planes', 'bytes'] as const) {
    test(`add up where codes are read as ${scan}`, async () => {
      const index = indexOfEquals(rows, { scan });
      const searches = 7;
      for (let at = 0; at < searches; at += 1) await index.search(QUERY, 5, at === 0 ? 2 : -1);
      const { memoryBytes, ...counts } = index.statistics();
      const pairs = searches * rows;
      const [planeRows, byteRows] = scan === 'planes' ? [pairs, 0] : [0, pairs];
      const scored = pairs - rows; // no row reaches the threshold of the first search
      const planeBytes = DIMENSIONS / 2 + 8; // two numbers beside the codes
      const codesRead = scan === 'planes' ? pairs + scored : 2 * pairs;
      assert.deepEqual(counts, {
        rows,
        deadRows: 0,
        rowBytes: rows * DIMENSIONS * 4,
        movedRows: 0,
        rotatedRows: 0,
        rotations: 0,
        headDimensions: 0,
        isRotating: false,
        searches,
        scans: searches,
        scan,
        planeRows,
        byteRows,
        planeRowsPassed: scan === 'planes' ? scored : 0,
        headRows: 0,
        headRowsPassed: 0,
        recordRowsPassed: 0,
        scoredRows: scored,
        readBytes: codesRead * planeBytes + scored * DIMENSIONS * 4,
      });
      assert.equal(memoryBytes, index.memoryBytes);
      // Besides the floats, codes take a byte a dimension, and bookkeeping takes some bytes.
      assert.ok(memoryBytes > rows * DIMENSIONS * 5 && memoryBytes < rows * (DIMENSIONS * 5 + 100), `${memoryBytes}`);
      index.close();
    });
  }

  test('searches at once share scans', async () => {
    const index = indexOfEquals(100 * 1024);
    await Promise.all(Array.from({ length: 50 }, () => index.search(QUERY, 5, -1)));
    const { searches, scans } = index.statistics();
    assert.equal(searches, 50);
    assert.ok(scans < 25, `${scans} scans`);
    index.close();
  });

  test('add up where codes are of rotated rows', async () => {
    const dimensions = 256;
    const index = new native.VectorIndex({ dimensions, threads: 1, scan: 'rotated' });
    const row = new Float32Array(dimensions).fill(1 / 16);
    const keys = Float64Array.from({ length: rows + 10 }, (_, key) => key);
    const vectors = new Float32Array(keys.length * dimensions);
    for (const key of keys) vectors.set(row, key * dimensions);
    index.addMany(keys, vectors);
    await vi.waitFor(() => assert.equal(index.statistics().rotatedRows, rows), { timeout: 60_000, interval: 10 });
    await vi.waitFor(() => assert.equal(index.statistics().isRotating, false));
    assert.equal((await index.search(row, 5, 2)).keys.length, 0);
    assert.deepEqual((await index.search(row, 5, -1)).keys, Float64Array.of(0, 1, 2, 3, 4));
    const { scan, planeRows, byteRows, ...counts } = index.statistics();
    assert.deepEqual([scan, planeRows, byteRows, counts.rotations], ['rotated', 0, 0, 1]);
    assert.ok(counts.headDimensions >= 32 && counts.headDimensions <= dimensions / 2);
    // No row reaches the threshold of the first search; in the second all reach that of the equal fifth.
    assert.deepEqual([counts.headRows, counts.headRowsPassed], [2 * rows, rows]);
    assert.ok(counts.recordRowsPassed <= counts.headRowsPassed && counts.scoredRows >= rows);
    const headBytes = (counts.headDimensions + 16) / 2 + 8;
    const withoutRecords = 2 * rows * headBytes + counts.scoredRows * dimensions * 4;
    const recordBytes = counts.readBytes - withoutRecords;
    assert.ok(recordBytes > 0 && recordBytes <= counts.headRowsPassed * 64, `${recordBytes} bytes of records`);
    assert.ok(counts.memoryBytes < rows * dimensions * 4 * 1.3 + 1_000_000, `${counts.memoryBytes}`);
    index.close();
  });

  test('how codes are read does not change what is found', async () => {
    let state = 1;
    const random = () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state / 2 ** 32 - 0.5;
    };
    const vectors = Float32Array.from({ length: 3000 * DIMENSIONS }, random);
    const query = Float32Array.from({ length: DIMENSIONS }, random);
    const scans: CodeScan[] = ['auto', 'planes', 'bytes', 'plain'];
    const answers = await Promise.all(
      scans.map((scan) => {
        const index = new native.VectorIndex({ dimensions: DIMENSIONS, threads: 1, scan });
        index.addMany(
          Float64Array.from({ length: 3000 }, (_, row) => row),
          vectors,
        );
        return index.search(query, 50, -1);
      }),
    );
    assert.equal(answers[0]?.keys.length, 50);
    for (const answer of answers) assert.deepEqual(answer, answers[0]);
  });

  test('memory of removed rows comes back, with nobody writing any more', async () => {
    const index = indexOfEquals(60_000);
    const full = index.statistics();
    for (let row = 0; row < 60_000; row += 1) if (row % 10 !== 0) index.remove(row);
    assert.equal(index.size, 6000);
    const deadline = performance.now() + 20_000;
    while (index.statistics().deadRows > 60 || index.memoryBytes > full.memoryBytes / 5) {
      assert.ok(performance.now() < deadline, JSON.stringify(index.statistics()));
      await setTimeout(20);
    }
    const { rows: live, rowBytes, movedRows } = index.statistics();
    assert.deepEqual([live, rowBytes], [6000, full.rowBytes / 10]);
    assert.ok(movedRows > 0);
    assert.deepEqual(keysOf(await index.search(QUERY, 3, -1)), [0, 10, 20]);
    index.close();
    const { memoryBytes, rows: none, deadRows } = index.statistics();
    assert.deepEqual([memoryBytes, none, deadRows], [0, 0, 0]);
  });
});
