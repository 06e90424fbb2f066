/** The error codes of the threads that tokenize and encode: when one doesn't start, when one is lost, and when its work fails. */
import { CosimoError, type ErrorCode, errorCodeOf } from '../errors.ts';
import type { Methods } from '../workers/rpc-messages.ts';
import { type Supervised, Supervisor } from '../workers/supervisor.ts';
import { WorkerThread, type WorkerThreadOptions } from '../workers/worker-thread.ts';

/**
 * Requests of a thread that ends are rejected with `encoder_lost`.
 * @throws CosimoError with the code that the program fails with, `model_invalid` if it has none
 */
export function startEncodingThread<M extends Methods<M>, R>(
  options: Pick<WorkerThreadOptions<never>, 'program' | 'name' | 'options' | 'log'>,
): Promise<WorkerThread<M, R>> {
  const notStarted = (cause: Error) => {
    if (errorCodeOf(cause) !== undefined) return cause;
    return new CosimoError('model_invalid', `The thread "${options.name}" did not start: ${cause.message}`, { cause });
  };
  return WorkerThread.start({ ...options, notStarted, lost });
}

/** @param start starts a new thread; if that fails, callers get `encoder_lost` */
export function superviseEncodingThread<T extends Supervised>(
  first: T,
  start: () => Promise<T>,
  onRestart: () => void,
): Supervisor<T> {
  const startAgain = () =>
    start().catch((cause: Error) => {
      throw lost(cause);
    });
  return new Supervisor({ first, start: startAgain, onRestart });
}

/** For work inside such a thread. Errors without a code get `code`, and keep their message. */
export async function withErrorCode<T>(code: ErrorCode, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    if (errorCodeOf(cause) !== undefined) throw cause;
    throw new CosimoError(code, cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

/** Clients get the general sentence; the log says that the thread has ended. */
function lost(cause: Error): CosimoError {
  return new CosimoError('encoder_lost', undefined, { cause });
}
