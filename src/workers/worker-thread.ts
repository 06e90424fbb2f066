/** A worker thread, as the thread that has started it sees it: its program says when it is ready, then answers requests. */
import { Worker } from 'node:worker_threads';
import { errorCodeOf } from '../errors.ts';
import { RpcClient } from './rpc-client.ts';
import { readError, type WrittenError } from './rpc-error.ts';
import type { Methods, NoMethods, Post } from './rpc-messages.ts';
import { type Handlers, RpcServer } from './rpc-server.ts';
import type { Supervised } from './supervisor.ts';
import type { FromThread, ToThread } from './thread-messages.ts';

export interface WorkerThreadOptions<P extends Methods<P>> {
  /** The program, which calls `runThread`. */
  readonly program: URL;
  /** The thread's name in messages and debuggers. */
  readonly name: string;
  /** What the program is given. Cloned. */
  readonly options: unknown;
  /** Takes the program's log lines. */
  readonly log?: (line: string) => void;
  /** Answers the program's requests. */
  readonly handlers?: Handlers<P>;
  /** Takes an error that ends the thread. */
  readonly onError?: (error: Error) => void;
  /** Makes the error when the thread ends before it is ready. By default it is the cause itself. */
  readonly notStarted?: (cause: Error) => Error;
  /** Makes the error of requests that are pending or come after its end. By default it is the cause itself. */
  readonly lost?: (cause: Error) => Error;
}

/**
 * `M`: the methods that the program answers. `R`: what it sends once it is ready. `P`: the methods that it calls on the thread
 * that started it.
 */
export class WorkerThread<M extends Methods<M>, R, P extends Methods<P> = NoMethods> implements Supervised {
  /** Asks the program. Once the thread has ended, requests reject with what `lost` makes of that. */
  readonly client: RpcClient<M>;
  /** Resolves when the thread is gone, however it has ended. */
  readonly ended: Promise<void>;
  readonly #worker: Worker;
  readonly #name: string;
  readonly #lost: (cause: Error) => Error;
  readonly #started = Promise.withResolvers<R>();
  #ready: R | undefined;
  #alive = true;

  private constructor(options: WorkerThreadOptions<P>) {
    const { program, name, log, onError, lost = (cause: Error) => cause } = options;
    const worker = new Worker(program, { workerData: options.options, name });
    this.#worker = worker;
    this.#name = name;
    this.#lost = lost;
    const post: Post<ToThread> = (message, transfer) => worker.postMessage(message, transfer);
    this.client = new RpcClient(post);
    const server = options.handlers && new RpcServer(options.handlers, post);
    worker.on('message', (message: FromThread<R>) => {
      if (message.kind === 'request' || message.kind === 'cancel') server?.receive(message);
      else if (message.kind === 'ready') this.#started.resolve(message.ready);
      else if (message.kind === 'log') log?.(message.line);
      else this.client.receive(message);
    });
    worker.on('error', (thrown: Error) => {
      const error = revive(thrown);
      onError?.(error);
      this.#end(error);
    });
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ended = promise;
    worker.once('exit', () => {
      this.#end(new Error(this.#ready === undefined ? 'it ended' : `The thread "${name}" has ended`));
      server?.close();
      resolve();
    });
  }

  /** Resolves when the program is ready. @throws what it has failed with, by way of `notStarted` */
  static async start<M extends Methods<M>, R, P extends Methods<P> = NoMethods>(
    options: WorkerThreadOptions<P>,
  ): Promise<WorkerThread<M, R>> {
    const thread = new WorkerThread<M, R, P>(options);
    try {
      thread.#ready = await thread.#started.promise;
      return thread;
    } catch (cause) {
      throw options.notStarted?.(cause as Error) ?? cause;
    }
  }

  /** What the program sent once it was ready. */
  get ready(): R {
    return this.#ready as R;
  }

  /** False once the thread has ended or failed; it won't come back. */
  get alive(): boolean {
    return this.#alive;
  }

  /** Waits for pending requests: a thread that is ended within ONNX Runtime takes the process with it. */
  async close(): Promise<void> {
    await this.client.idle();
    await this.terminate();
  }

  /** Ends the thread at once: pending requests are lost. */
  async terminate(): Promise<void> {
    this.#end(new Error(`The thread "${this.#name}" is closed`));
    await this.#worker.terminate();
  }

  /** Whether the thread keeps the process alive, as it does at first. */
  ref(): void {
    this.#worker.ref();
  }

  unref(): void {
    this.#worker.unref();
  }

  #end(cause: Error): void {
    this.#alive = false;
    this.#started.reject(cause); // of no effect once it is ready
    this.client.close(this.#lost(cause));
  }
}

/** An error of ours comes from the thread with its properties, but without its class. */
function revive(error: Error): Error {
  return errorCodeOf(error) === undefined ? error : readError(error as Error & WrittenError);
}
