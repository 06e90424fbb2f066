/** Rounds of work in a loop, for contenders that work in their own process. */
import { callsForPercentile, latencies, newHistogram, recordLatency } from '../load/latencies.ts';
import type { Round } from '../trial/protocol.ts';

/**
 * Repeats `step` until `round_s` seconds have passed. A step returns how many units it did; the last one
 * is finished and counted.
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

/**
 * Makes calls one after another for `round_s` seconds, or longer: until there are enough for a 99th percentile, and while `goesOn` says
 * so.
 *
 * @returns the 99th percentile in ms; other percentiles and calls a second as further figures
 */
export async function latencyRound(
  round_s: number,
  call: () => Promise<unknown>,
  goesOn: () => boolean = () => false,
): Promise<Round> {
  const histogram = newHistogram();
  const began_ms = performance.now();
  let now_ms = began_ms;
  while (now_ms - began_ms < round_s * 1000 || histogram.totalCount < callsForPercentile(99) || goesOn()) {
    await call();
    const asked_ms = now_ms;
    now_ms = performance.now();
    recordLatency(histogram, now_ms - asked_ms);
  }
  const waited = latencies(histogram);
  const calls_per_s = (histogram.totalCount / (now_ms - began_ms)) * 1000;
  return { value: waited['latency_p99_ms'] as number, extra: { ...waited, calls_per_s } };
}

/** Runs whole rounds until `warm_up_s` seconds have passed. */
export async function warmUp(warm_up_s: number, round: () => Promise<Round> | Round): Promise<void> {
  const began_ms = performance.now();
  while (performance.now() - began_ms < warm_up_s * 1000) await round();
}
