/** The threads that listen on one port; one that dies is started again. */
import { once } from 'node:events';
import { MessageChannel, Worker } from 'node:worker_threads';
import type { Config } from '../config.ts';
import { CosimoError } from '../errors.ts';
import type { ProcessCounts } from '../metrics/thread-counts.ts';
import { answerCalls, type Handlers } from '../workers/calls.ts';
import { findPort } from './find-port.ts';
import type { EngineCalls, EngineFacts, FromHttpThread, HttpThreadOptions, ToHttpThread } from './protocol.ts';

export interface HttpThreadsOptions {
  readonly config: Config;
  readonly count: number;
  /** Row 0 is the main thread's, the following ones are the HTTP threads'. */
  readonly counts: ProcessCounts;
  readonly handlers: Handlers<EngineCalls>;
  readonly log: (line: string) => void;
}

const RESTART_DELAY_MS = 100;
/** A thread that doesn't live so long isn't worth starting again and again. */
const SHORT_LIFE_MS = 1000;

export class HttpThreads {
  readonly #options: HttpThreadsOptions;
  readonly #workers: (Worker | undefined)[];
  readonly #listening = new Set<Worker>();
  #port = 0;
  #engine: EngineFacts | undefined;
  #closing = false;

  constructor(options: HttpThreadsOptions) {
    this.#options = options;
    this.#workers = Array.from({ length: options.count });
  }

  /**
   * Resolves when all listen, to their routes in the order in which answers are counted.
   * @throws CosimoError `invalid_setting` where the platform can't share a port; what listening throws
   */
  async listen(): Promise<readonly string[]> {
    this.#port = await findPort(this.#options.config);
    const routes = await Promise.all(this.#workers.map((_, at) => this.#startThread(at)));
    return routes[0] ?? [];
  }

  /** Where they listen. */
  get origin(): string {
    const { HOST } = this.#options.config;
    return `http://${HOST.includes(':') ? `[${HOST}]` : HOST}:${this.#port}`;
  }

  /** Threads that listen just now. */
  get listening(): number {
    return this.#listening.size;
  }

  /** From now on requests are answered by the engine. */
  serve(engine: EngineFacts): void {
    this.#engine = engine;
    for (const worker of this.#workers) post(worker, { kind: 'serve', engine });
  }

  /** Lets what has come in whole be answered; resolves when all threads have ended. */
  async close(): Promise<void> {
    this.#closing = true;
    const ends = this.#workers.flatMap((worker) => (worker === undefined ? [] : [once(worker, 'exit')]));
    for (const worker of this.#workers) post(worker, { kind: 'close' });
    await Promise.all(ends);
  }

  /** @returns the routes, once it listens */
  async #startThread(at: number): Promise<readonly string[]> {
    const { config, counts, handlers, log } = this.#options;
    const { port1: calls, port2 } = new MessageChannel();
    const worker = new Worker(new URL('./http-thread-main.ts', import.meta.url), {
      name: `http ${at + 1}`,
      workerData: {
        config,
        port: this.#port,
        row: at + 1,
        rows: this.#options.count + 1,
        counts: counts.memory,
        calls: port2,
      } satisfies HttpThreadOptions,
      transferList: [port2],
    });
    this.#workers[at] = worker;
    const started_ms = performance.now();
    answerCalls(calls, handlers);
    worker.on('error', (error) => log(`HTTP thread ${at + 1} has failed: ${error.message}`));
    worker.once('exit', () => {
      calls.close();
      this.#workers[at] = undefined;
      this.#listening.delete(worker);
      if (!this.#closing) this.#restart(at, performance.now() - started_ms);
    });
    const { promise: routes, resolve, reject } = Promise.withResolvers<readonly string[]>();
    worker.once('error', reject);
    worker.once('exit', () => reject(new CosimoError('closed')));
    worker.once('message', (message: FromHttpThread) => {
      this.#listening.add(worker);
      if (this.#engine !== undefined) post(worker, { kind: 'serve', engine: this.#engine });
      resolve(message.routes);
    });
    return routes;
  }

  #restart(at: number, life_ms: number): void {
    const delay_ms = life_ms < SHORT_LIFE_MS ? SHORT_LIFE_MS : RESTART_DELAY_MS;
    this.#options.log(`HTTP thread ${at + 1} has ended; it is started again`);
    setTimeout(() => {
      if (!this.#closing) this.#startThread(at).catch(() => {}); // it has been logged, and is tried again
    }, delay_ms);
  }
}

function post(worker: Worker | undefined, message: ToHttpThread): void {
  worker?.postMessage(message);
}
