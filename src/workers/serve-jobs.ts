/** The inside of a job thread: sets up, says so, then does one job after another. */
import { parentPort, workerData } from 'node:worker_threads';
import { errorCodeOf } from '../errors.ts';
import type { JobThreadMessage } from './job-thread-protocol.ts';

export interface Jobs<J, R, D> {
  readonly ready: R;
  /** Does one job; `transfer` names what of the result is handed over instead of copied. */
  readonly run: (job: J) => Promise<{ readonly result: D; readonly transfer: ArrayBuffer[] }>;
}

/** @param setUp gets the thread's options, and takes lines for the log */
export async function serveJobs<O, J, R, D>(
  setUp: (options: O, log: (line: string) => void) => Promise<Jobs<J, R, D>>,
): Promise<void> {
  const send = (message: JobThreadMessage<R, D>, transfer: ArrayBuffer[] = []) =>
    parentPort?.postMessage(message, transfer);
  const fail = (error: unknown, fallback: 'inference_failed' | 'model_invalid') => {
    const message = error instanceof Error ? error.message : String(error);
    send({ kind: 'failed', code: errorCodeOf(error) ?? fallback, message });
  };
  try {
    const { ready, run } = await setUp(workerData as O, (line) => send({ kind: 'log', line }));
    parentPort?.on('message', (job: J) => {
      run(job).then(
        ({ result, transfer }) => send({ kind: 'done', result }, transfer),
        (error) => fail(error, 'inference_failed'),
      );
    });
    send({ kind: 'ready', ready });
  } catch (error) {
    fail(error, 'model_invalid');
  }
}
