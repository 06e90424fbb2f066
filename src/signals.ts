/** Which signals end a process, and how: the first in order, a later one at once. */
import { isatty } from 'node:tty';

/**
 * SIGHUP says that a terminal has gone, so it ends only a process that has one. Node forgets that `nohup` ignored the signal, but
 * `nohup` leaves no terminal at the standard streams.
 */
const hasTerminal = [0, 1, 2].some(isatty);

export const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * A fault raises these in the thread that made it. A listener would return to the faulting instruction, which faults again, for
 * ever: without one the process dies at once, with a core where the system keeps one.
 */
export const FAULT_SIGNALS = ['SIGSEGV', 'SIGBUS', 'SIGILL', 'SIGFPE', 'SIGTRAP', 'SIGABRT'] as const;

/** One request to stop may arrive twice: from a terminal or a service manager, and once more through npm. */
const SAME_REQUEST_MS = 1000;

/** @param stop called once, at the first signal. A signal more than a second later ends the process with `exitStatus`. */
export function onStopSignal(stop: () => void, exitStatus = 1): void {
  let requested_ms: number | undefined;
  for (const signal of STOP_SIGNALS) {
    process.on(signal, () => {
      if (signal === 'SIGHUP' && !hasTerminal) return;
      if (requested_ms === undefined) {
        requested_ms = performance.now();
        stop();
      } else if (performance.now() - requested_ms > SAME_REQUEST_MS) process.exit(exitStatus);
    });
  }
}
