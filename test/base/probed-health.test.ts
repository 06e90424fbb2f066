/** A part that has failed is tried once per second until it works. */
import assert from 'node:assert/strict';
import { onTestFinished, test, vi } from 'vitest';
import { ProbedHealth } from '../../src/base/probed-health.ts';

function failedHealth(probe: () => Promise<unknown>): ProbedHealth {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const health = new ProbedHealth(probe);
  health.failed(new Error('broken'));
  return health;
}

test('it is broken until it has worked, whether its probe rejects or throws at once', async () => {
  let attempts = 0;
  const health = failedHealth(() => {
    attempts += 1;
    if (attempts === 1) throw new Error('at once');
    if (attempts === 2) return Promise.reject(new Error('later'));
    health.worked();
    return Promise.resolve();
  });
  await vi.advanceTimersByTimeAsync(2500);
  assert.deepEqual([attempts, health.healthy], [2, false]);
  await vi.advanceTimersByTimeAsync(1000);
  assert.deepEqual([attempts, health.healthy], [3, true]);
  await vi.advanceTimersByTimeAsync(5000);
  assert.equal(attempts, 3);
});

test('a probe that hangs is not begun again beside itself', async () => {
  let attempts = 0;
  let end = () => {};
  const health = failedHealth(() => {
    attempts += 1;
    return new Promise<void>((resolve) => (end = resolve));
  });
  await vi.advanceTimersByTimeAsync(10_000);
  assert.equal(attempts, 1);
  end();
  await vi.advanceTimersByTimeAsync(1000);
  assert.equal(attempts, 2);
  health.close();
});
