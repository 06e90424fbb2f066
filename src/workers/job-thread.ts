/** The event loop's handle on a thread that does one kind of job, since what it calls blocks whoever calls it. */
import { Worker } from 'node:worker_threads';
import { CosimoError } from '../errors.ts';
import type { JobThreadMessage } from './job-thread-protocol.ts';

export interface JobThreadStart {
  /** The program, which calls `serveJobs`. */
  readonly program: URL;
  /** For people and debuggers. */
  readonly name: string;
  /** Cloned. */
  readonly options: unknown;
  readonly log: (line: string) => void;
}

interface Settle<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
}

/** Takes one job at a time; `run` while one runs is a programming error. */
export class JobThread<J, R, D> {
  /** What the thread told once it was ready. */
  readonly ready: R;
  readonly #worker: Worker;
  readonly #name: string;
  #running: Settle<D> | undefined;
  /** Settles when the job that runs has ended, however it ends. */
  #idle: Promise<unknown> = Promise.resolve();
  #ended: CosimoError | undefined;

  private constructor(worker: Worker, name: string, ready: R) {
    this.#worker = worker;
    this.#name = name;
    this.ready = ready;
    worker.on('message', (message: JobThreadMessage<R, D>) => this.#settle(message));
    worker.on('error', (error) => this.#end(`The thread "${name}" failed: ${error.message}`));
    worker.on('exit', () => this.#end(`The thread "${name}" ended`));
  }

  /** @throws CosimoError with the code that the thread gives, `model_invalid` when it gives none */
  static start<J, R, D>({ program, name, options, log }: JobThreadStart): Promise<JobThread<J, R, D>> {
    const worker = new Worker(program, { workerData: options, name });
    const { promise, resolve, reject } = Promise.withResolvers<JobThread<J, R, D>>();
    const refuse = (reason: string) =>
      reject(new CosimoError('model_invalid', `The thread "${name}" did not start: ${reason}`));
    worker.on('error', (error) => refuse(error.message));
    worker.on('exit', () => refuse('it ended'));
    worker.on('message', (message: JobThreadMessage<R, D>) => {
      if (message.kind === 'log') return log(message.line);
      if (message.kind === 'done') return;
      for (const event of ['error', 'exit', 'message']) worker.removeAllListeners(event);
      if (message.kind === 'ready') return resolve(new JobThread(worker, name, message.ready));
      reject(new CosimoError(message.code, message.message));
      void worker.terminate();
    });
    return promise;
  }

  /** False once the thread has ended; it won't come back. */
  get alive(): boolean {
    return this.#ended === undefined;
  }

  /** @throws CosimoError `encoder_lost` when the thread ends meanwhile; what the job fails with */
  run(job: J, transfer: ArrayBuffer[] = []): Promise<D> {
    if (this.#ended) return Promise.reject(this.#ended);
    if (this.#running) return Promise.reject(new Error(`the thread "${this.#name}" is busy`));
    const { promise, resolve, reject } = Promise.withResolvers<D>();
    this.#running = { resolve, reject };
    this.#worker.postMessage(job, transfer);
    this.#idle = promise.catch(() => {});
    return promise;
  }

  /** Waits for the job that runs: a thread that is ended within ONNX Runtime takes the process with it. */
  async close(): Promise<void> {
    await this.#idle;
    this.#end(`The thread "${this.#name}" is closed`);
    await this.#worker.terminate();
  }

  #settle(message: JobThreadMessage<R, D>): void {
    const running = this.#running;
    this.#running = undefined;
    if (message.kind === 'done') running?.resolve(message.result);
    else if (message.kind === 'failed') running?.reject(new CosimoError(message.code, message.message));
  }

  #end(reason: string): void {
    // Clients are told the general sentence; what of the thread is to be known has its line in the log.
    this.#ended ??= new CosimoError('encoder_lost', undefined, { cause: new Error(reason) });
    this.#running?.reject(this.#ended);
    this.#running = undefined;
  }
}
