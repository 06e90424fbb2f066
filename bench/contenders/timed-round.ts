/** Rounds of work in a loop, for contenders that work in their own process. */
import type { Round } from '../protocol.ts';

/**
 * Repeats `step` until `round_s` seconds have passed. A step says how many units it did; one that is under way is
 * finished and counted.
 *
 * @returns units a second
 */
export async function timedRound(round_s: number, step: () => Promise<number> | number): Promise<Round> {
  let units = 0;
  const began_ms = performance.now();
  let elapsed_ms = 0;
  do {
    const done = step();
    units += typeof done === 'number' ? done : await done;
    elapsed_ms = performance.now() - began_ms;
  } while (elapsed_ms < round_s * 1000);
  return { value: (units / elapsed_ms) * 1000 };
}

/** Whole rounds, until `warm_up_s` seconds have passed. */
export async function warmUp(warm_up_s: number, round: () => Promise<Round> | Round): Promise<void> {
  const began_ms = performance.now();
  while (performance.now() - began_ms < warm_up_s * 1000) await round();
}
