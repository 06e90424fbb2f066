import assert from 'node:assert/strict';

/**
 * For what must happen while native work runs: a busy machine may stop this thread for that long, so there are some
 * tries. Only an assertion that fails each time counts.
 */
export async function withRetries(attempt: () => Promise<void>): Promise<void> {
  for (let left = 4; left > 0; left -= 1) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof assert.AssertionError)) throw error;
    }
  }
  await attempt();
}
