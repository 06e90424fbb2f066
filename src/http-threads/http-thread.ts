/** An HTTP thread, as the main thread sees it. */
import type { Handlers } from '../workers/rpc-server.ts';
import { ThreadHandle } from '../workers/thread-handle.ts';
import { WorkerThread } from '../workers/worker-thread.ts';
import type { EngineMethods } from './engine-rpc-methods.ts';
import type { EngineFacts, HttpThreadFacts, HttpThreadMethods, HttpThreadOptions } from './http-thread-protocol.ts';

export interface HttpThreadStart {
  readonly name: string;
  readonly options: HttpThreadOptions;
  readonly handlers: Handlers<EngineMethods>;
  /** Takes an error that ends the thread. */
  readonly onError: (error: Error) => void;
}

export class HttpThread extends ThreadHandle<HttpThreadMethods, HttpThreadFacts> {
  readonly #onError: (error: Error) => void;

  private constructor(thread: WorkerThread<HttpThreadMethods, HttpThreadFacts>, onError: (error: Error) => void) {
    super(thread);
    this.#onError = onError;
  }

  /** Resolves once it listens. @throws what listening throws */
  static async start(start: HttpThreadStart): Promise<HttpThread> {
    const program = new URL('./http-thread-main.ts', import.meta.url);
    return new HttpThread(await WorkerThread.start({ program, ...start }), start.onError);
  }

  /** The routes, in the order of their counts. */
  get routes(): readonly string[] {
    return this.thread.ready.routes;
  }

  /** From now on requests are answered by the engine. */
  serve(engine: EngineFacts): void {
    this.client.request('serve', engine).catch((error: Error) => {
      if (!this.alive) return;
      this.#onError(error);
      void this.thread.terminate();
    });
  }

  /** Lets what has come in whole be answered, then ends the thread. */
  override async close(): Promise<void> {
    await this.client.request('close', null).catch(() => {}); // it has ended already
    await this.thread.terminate();
  }
}
