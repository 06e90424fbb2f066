/** Calls at a fixed rate, beside other work of the event loop. */

/** The shortest timer; at 1,000 calls/s that is one call a tick. */
const TICK_MS = 1;

export interface Pace {
  /** Stops calling. @returns the rate that was reached, in steps a second */
  readonly stop: () => number;
}

/**
 * Calls `step` `rate_per_s` times a second, evenly. Steps that fell due while the event loop was busy run
 * as soon as it is free.
 */
export function callAtRate(rate_per_s: number, step: () => void): Pace {
  const began_ms = performance.now();
  let done = 0;
  const catchUp = () => {
    const due = Math.floor(((performance.now() - began_ms) * rate_per_s) / 1000);
    for (; done < due; done += 1) step();
  };
  const timer = setInterval(catchUp, TICK_MS);
  return {
    stop() {
      clearInterval(timer);
      return (done / (performance.now() - began_ms)) * 1000;
    },
  };
}
