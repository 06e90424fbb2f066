/** Repeats an attempt that a busy machine may spoil. */
import assert from 'node:assert/strict';

/**
 * Repeats an attempt whose assertion fails, four times at most: it has to act while native work runs, and a busy machine may
 * stop this thread until that work has ended. Only an assertion that fails each time counts.
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
