/** The program of a thread for tests of `WorkerThread`. */
import { CosimoError, type ErrorCode } from '../../src/errors.ts';
import { Transferred } from '../../src/workers/rpc-server.ts';
import { runThread } from '../../src/workers/thread-program.ts';

export interface WorkerProgramOptions {
  /** How the thread fails before it is ready. */
  readonly failure?: { readonly code?: ErrorCode; readonly message: string };
}

export interface WorkerProgramCalls {
  increment(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer>;
  fail(args: { readonly code: ErrorCode; readonly retryAfter_s: number }): void;
  /** Answers after a while, and blocks the thread until then. */
  block(elapsed_ms: number): string;
  /** Never answers; logs a line when the request is cancelled. */
  wait(args: null): void;
  /** Asks the parent thread for a number, and adds one. */
  askParent(value: number): number;
  /** Asks the parent thread for an answer that never comes. */
  askInVain(args: null): void;
  /** Fails outside of any request. */
  crash(message: string): void;
  exit(args: null): void;
}

export interface ParentCalls {
  double(value: number): number;
  wait(args: null): void;
}

await runThread<WorkerProgramOptions, WorkerProgramCalls, { readonly greeting: string }, ParentCalls>(
  ({ failure }, { log, client }) => {
    if (failure?.code !== undefined) throw new CosimoError(failure.code, failure.message);
    if (failure !== undefined) throw Object.assign(new RangeError(failure.message), { code: 'EADDRINUSE' });
    log('starting');
    return {
      ready: { greeting: 'hello' },
      handlers: {
        increment(bytes) {
          const result = bytes.map((byte) => byte + 1);
          return new Transferred(result, [result.buffer]);
        },
        fail({ code, retryAfter_s }) {
          throw new CosimoError(code, 'It failed', { retryAfter_s });
        },
        block(elapsed_ms) {
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, elapsed_ms);
          return 'done';
        },
        wait: (_, { signal }) => new Promise(() => signal.addEventListener('abort', () => log('cancelled'))),
        askParent: async (value) => (await client.request('double', value)) + 1,
        askInVain: () => client.request('wait', null),
        crash(message) {
          setImmediate(() => {
            throw new Error(message);
          });
          return new Promise(() => {});
        },
        exit: () => process.exit(0),
      },
    };
  },
);
