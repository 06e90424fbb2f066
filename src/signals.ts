/** How SIGINT, SIGTERM and SIGHUP end a process: the first in order, a later one at once. */

export const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** One request to stop may arrive twice: from a terminal or a service manager, and once more through npm. */
const SAME_REQUEST_MS = 1000;

/** @param stop called once, at the first signal. A signal more than a second later ends the process with `exitStatus`. */
export function onStopSignal(stop: () => void, exitStatus = 1): void {
  let requested_ms: number | undefined;
  for (const signal of STOP_SIGNALS) {
    process.on(signal, () => {
      if (requested_ms === undefined) {
        requested_ms = performance.now();
        stop();
      } else if (performance.now() - requested_ms > SAME_REQUEST_MS) process.exit(exitStatus);
    });
  }
}
