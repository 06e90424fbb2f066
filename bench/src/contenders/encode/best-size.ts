/** Finds the fastest batch size of a contender before its rounds. */

/** The best of several passes counts, so that one slow pass doesn't decide. */
const PASSES = 2;

/**
 * @param pass the work once, at a size
 * @returns the fastest size; each is tried once untimed first
 */
export async function bestSize(sizes: readonly number[], pass: (size: number) => Promise<unknown>): Promise<number> {
  const [first] = sizes as readonly [number];
  if (sizes.length === 1) return first;
  for (const size of sizes) await pass(size);
  let [best, least_ms] = [first, Number.POSITIVE_INFINITY];
  for (let turn = 0; turn < PASSES; turn += 1) {
    for (const size of sizes) {
      const began_ms = performance.now();
      await pass(size);
      const took_ms = performance.now() - began_ms;
      if (took_ms < least_ms) [best, least_ms] = [size, took_ms];
    }
  }
  return best;
}
