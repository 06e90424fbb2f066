/** The threads that listen on one port; one that dies is started again. */
import type { Config } from '../config.ts';
import type { ProcessCounts } from '../metrics/thread-counts.ts';
import type { Handlers } from '../workers/rpc-server.ts';
import { Supervisor } from '../workers/supervisor.ts';
import type { EngineMethods } from './engine-rpc-methods.ts';
import { findPort } from './find-port.ts';
import { HttpThread } from './http-thread.ts';
import type { EngineFacts } from './http-thread-protocol.ts';

export interface HttpThreadsOptions {
  readonly config: Config;
  readonly count: number;
  /** Row 0 is the main thread's, the following ones are the HTTP threads'. */
  readonly counts: ProcessCounts;
  readonly handlers: Handlers<EngineMethods>;
  readonly log: (line: string) => void;
}

/** A thread that lives less than a second is started again only after a second. */
const RESTART_DELAYS = { delay_ms: 100, shortLife_ms: 1000 };

export class HttpThreads {
  readonly #options: HttpThreadsOptions;
  readonly #supervisors: readonly Supervisor<HttpThread>[];
  readonly #listening = new Set<HttpThread>();
  #port = 0;
  #engine: EngineFacts | undefined;

  constructor(options: HttpThreadsOptions) {
    this.#options = options;
    this.#supervisors = Array.from({ length: options.count }, (_, at) => {
      return new Supervisor({
        start: () => this.#startThread(at + 1),
        restart: RESTART_DELAYS,
        onRestart: () => options.log(`HTTP thread ${at + 1} has ended; it is started again`),
      });
    });
  }

  /**
   * Resolves once all listen.
   * @returns the routes, in the order of their counts
   * @throws CosimoError `invalid_setting` where the platform can't share a port; what listening throws
   */
  async listen(): Promise<readonly string[]> {
    this.#port = await findPort(this.#options.config);
    const threads = await Promise.all(this.#supervisors.map((supervisor) => supervisor.get()));
    return threads[0]?.routes ?? [];
  }

  /** The address at which they listen. */
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
    for (const thread of this.#listening) thread.serve(engine);
  }

  /** Lets what has come in whole be answered; resolves when all threads have ended. */
  async close(): Promise<void> {
    await Promise.all(this.#supervisors.map((supervisor) => supervisor.close()));
  }

  /** @param number counted from 1; it is also the row of the thread's counts */
  async #startThread(number: number): Promise<HttpThread> {
    const { config, counts, handlers, log, count } = this.#options;
    const thread = await HttpThread.start({
      name: `http ${number}`,
      options: { config, port: this.#port, row: number, rows: count + 1, counts: counts.memory },
      handlers,
      onError: (error) => log(`HTTP thread ${number} has failed: ${error.message}`),
    });
    this.#listening.add(thread);
    void thread.ended.then(() => this.#listening.delete(thread));
    if (this.#engine !== undefined) thread.serve(this.#engine);
    return thread;
  }
}
