/** Counts the requests of each address in its window. */
import assert from 'node:assert/strict';
import { test } from 'vitest';
import { RATE_WINDOW_MS, RateCounter } from '../../src/http/rate-counter.ts';

test('each address has a window of its own, which begins with its first request', () => {
  const counter = new RateCounter();
  assert.deepEqual(counter.countRequest('a', 1000), { current: 1, ttl_ms: RATE_WINDOW_MS });
  assert.deepEqual(counter.countRequest('b', 2000), { current: 1, ttl_ms: RATE_WINDOW_MS });
  assert.deepEqual(counter.countRequest('a', 3000), { current: 2, ttl_ms: RATE_WINDOW_MS - 2000 });
  assert.deepEqual(counter.countRequest('a', 1000 + RATE_WINDOW_MS), { current: 1, ttl_ms: RATE_WINDOW_MS });
  assert.deepEqual(counter.countRequest('b', 1999 + RATE_WINDOW_MS), { current: 2, ttl_ms: 1 });
});

test('addresses are bounded: those whose windows end first are forgotten', () => {
  const counter = new RateCounter(3);
  for (const [at, address] of ['a', 'b', 'c', 'd'].entries()) counter.countRequest(address, at);
  assert.equal(counter.countRequest('d', 10).current, 2);
  assert.equal(counter.countRequest('b', 10).current, 2);
  assert.equal(counter.countRequest('a', 10).current, 1);
});
