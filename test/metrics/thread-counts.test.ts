/** Counts that the threads of a process share. */
import assert from 'node:assert/strict';
import { test } from 'vitest';
import { LATENCY_BUCKETS_S, ProcessCounts } from '../../src/metrics/thread-counts.ts';

test('the rows of all threads add up, and another instance over the same memory sees them', () => {
  const counts = new ProcessCounts(3);
  const threads = [0, 1, 2].map((thread) => new ProcessCounts(3, counts.memory).countsOfThread(thread));
  for (const [at, thread] of threads.entries()) {
    thread.request('embed');
    if (at > 0) thread.request('search');
    thread.lookups(at, 10);
    thread.answer(4, 200, 0.002);
    thread.answer(4, 599, 100);
    thread.answer(5, 100, 0);
  }
  assert.deepEqual(counts.requests, { embed: 3, batch: 0, search: 2, index: 0 });
  assert.deepEqual(counts.lookups, { hits: 3, misses: 30 });
  assert.deepEqual(counts.answers(4), [
    { status: 200, count: 3 },
    { status: 599, count: 3 },
  ]);
  assert.deepEqual(counts.answers(5), [{ status: 100, count: 3 }]);
  assert.deepEqual(counts.answers(3), []);
  assert.deepEqual(counts.latencies(5).buckets, [3, ...Array(LATENCY_BUCKETS_S.length).fill(0)]);
});

test('a latency is counted in the first bucket that it does not pass', () => {
  const counts = new ProcessCounts(1);
  const thread = counts.countsOfThread(0);
  const values = [...LATENCY_BUCKETS_S.flatMap((bound) => [bound, bound * 1.001]), 1e6];
  for (const value of values) thread.answer(31, 200, value);
  const { buckets, sum_s } = counts.latencies(31);
  assert.deepEqual(buckets, [1, ...Array(LATENCY_BUCKETS_S.length - 1).fill(2), 2]);
  assert.ok(Math.abs(sum_s - values.reduce((sum, value) => sum + value, 0)) < 1e-6);
});

test('a thread that takes over a row goes on counting where its predecessor stopped', () => {
  const counts = new ProcessCounts(2);
  counts.countsOfThread(1).request('index');
  counts.countsOfThread(1).request('index');
  assert.equal(counts.requests.index, 2);
});
