/** Work at a fixed rate beside whatever else the event loop does. */

/** As often as a timer can: at 1,000 a second one step falls due between two ticks. */
const TICK_MS = 1;

export interface Pace {
  /** Ends it. @returns steps a second, as they came to be */
  readonly stop: () => number;
}

/**
 * Calls `step` `rate_per_s` times a second, evenly. Steps that fell due while the event loop was busy are made up for
 * as soon as it is free, so the rate is kept as long as it can be.
 */
export function paced(rate_per_s: number, step: () => void): Pace {
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
