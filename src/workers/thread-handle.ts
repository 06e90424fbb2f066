/** What every handle on a worker thread has: whether the thread lives, and how it is closed. */
import type { RpcClient } from './rpc-client.ts';
import type { Methods } from './rpc-messages.ts';
import type { Supervised } from './supervisor.ts';
import type { WorkerThread } from './worker-thread.ts';

/** `M`: the methods that the thread answers. `R`: what it sent once it was ready. */
export abstract class ThreadHandle<M extends Methods<M>, R> implements Supervised {
  protected readonly thread: WorkerThread<M, R>;

  constructor(thread: WorkerThread<M, R>) {
    this.thread = thread;
  }

  protected get client(): RpcClient<M> {
    return this.thread.client;
  }

  get alive(): boolean {
    return this.thread.alive;
  }

  get ended(): Promise<void> {
    return this.thread.ended;
  }

  /** Waits for pending requests, then ends the thread. */
  close(): Promise<void> {
    return this.thread.close();
  }
}
