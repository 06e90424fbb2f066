/** The event loop's handle on the encoder's thread. */
import { Worker } from 'node:worker_threads';
import { CosimoError } from '../errors.ts';
import type {
  EncodeJob,
  EncoderThreadMessage,
  EncoderThreadOptions,
  EncodeTimings,
} from './encoder-thread-protocol.ts';

export interface EncodedTexts {
  /** One vector a text, views of one buffer. */
  readonly vectors: Float32Array[];
  readonly timings: EncodeTimings;
}

interface Settle<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
}

type DoneMessage = Extract<EncoderThreadMessage, { kind: 'done' }>;
type ReadyMessage = Extract<EncoderThreadMessage, { kind: 'ready' }>;

/** One thread with one session. Takes one job at a time; `encode` while one runs is a programming error. */
export class EncoderThread {
  readonly dimensions: number;
  /** For people: what runs where. */
  readonly description: string;
  readonly #worker: Worker;
  #running: Settle<DoneMessage> | undefined;
  /** Settles when the job that runs has ended, however it ends. */
  #idle: Promise<unknown> = Promise.resolve();
  #ended: CosimoError | undefined;

  private constructor(worker: Worker, ready: ReadyMessage) {
    this.#worker = worker;
    this.dimensions = ready.dimensions;
    this.description = ready.description;
    worker.on('message', (message: EncoderThreadMessage) => this.#settle(message));
    worker.on('error', (error) => this.#end(`The encoder's thread failed: ${error.message}`));
    worker.on('exit', () => this.#end("The encoder's thread ended"));
  }

  /**
   * Starts the thread, loads the model and runs one inference.
   * @throws CosimoError `model_invalid`, `invalid_setting` (DEVICE=cuda without CUDA)
   */
  static start(options: EncoderThreadOptions, log: (line: string) => void): Promise<EncoderThread> {
    const worker = new Worker(new URL('./encoder-thread-main.ts', import.meta.url), {
      workerData: options,
      name: 'encoder',
    });
    return new Promise((resolve, reject) => {
      worker.once('error', (error) =>
        reject(new CosimoError('model_invalid', `The encoder did not start: ${error.message}`)),
      );
      worker.on('message', function starting(message: EncoderThreadMessage) {
        if (message.kind === 'log') return log(message.line);
        worker.off('message', starting);
        worker.removeAllListeners('error');
        if (message.kind === 'ready') return resolve(new EncoderThread(worker, message));
        void worker.terminate();
        reject(
          new CosimoError(
            message.kind === 'failed' ? message.code : 'model_invalid',
            (message as { message?: string }).message,
          ),
        );
      });
    });
  }

  /** False once the thread has ended; it won't come back. */
  get alive(): boolean {
    return this.#ended === undefined;
  }

  /** @throws CosimoError `inference_failed` */
  async encode(texts: readonly string[]): Promise<EncodedTexts> {
    if (this.#ended) throw this.#ended;
    if (this.#running) throw new Error('the encoder is busy');
    const done = new Promise<DoneMessage>((resolve, reject) => {
      this.#running = { resolve, reject };
      this.#worker.postMessage({ texts } satisfies EncodeJob);
    });
    this.#idle = done.catch(() => {});
    const { vectors, timings } = await done;
    const { dimensions } = this;
    return { vectors: texts.map((_, at) => vectors.subarray(at * dimensions, (at + 1) * dimensions)), timings };
  }

  /** Waits for the job that runs: a thread that is ended within ONNX Runtime takes the process with it. */
  async close(): Promise<void> {
    await this.#idle;
    this.#end('The encoder is closed');
    await this.#worker.terminate();
  }

  #settle(message: EncoderThreadMessage): void {
    const running = this.#running;
    this.#running = undefined;
    if (message.kind === 'done') running?.resolve(message);
    else if (message.kind === 'failed') running?.reject(new CosimoError(message.code, message.message));
  }

  #end(reason: string): void {
    this.#ended ??= new CosimoError('inference_failed', reason);
    this.#running?.reject(this.#ended);
    this.#running = undefined;
  }
}
