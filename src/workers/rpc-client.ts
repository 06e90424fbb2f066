/** The thread that asks: each request is a promise, and its signal reaches the thread that answers. */
import type { Transferable } from 'node:worker_threads';
import { CosimoError } from '../errors.ts';
import { readError } from './rpc-error.ts';
import type { ArgsOf, Methods, Post, ResultOf, RpcRequestMessage, RpcResponseMessage } from './rpc-messages.ts';

interface PendingRequest {
  readonly promise: Promise<unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

export class RpcClient<M extends Methods<M>> {
  readonly #post: Post<RpcRequestMessage>;
  readonly #pending = new Map<number, PendingRequest>();
  #lastId = 0;
  #closed: Error | undefined;

  constructor(post: Post<RpcRequestMessage>) {
    this.#post = post;
  }

  /**
   * @param signal aborted when the response is no longer needed; this reaches the other thread, and the request rejects with
   *   `cancelled` unless it has been answered
   * @param transfer buffers and ports in the arguments that are handed over instead of copied
   */
  request<K extends keyof M & string>(
    method: K,
    args: ArgsOf<M[K]>,
    signal?: AbortSignal,
    transfer?: readonly Transferable[],
  ): Promise<ResultOf<M[K]>> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed);
    if (signal?.aborted) return Promise.reject(new CosimoError('cancelled'));
    this.#lastId += 1;
    const id = this.#lastId;
    this.#post({ kind: 'request', id, method, args, hasSignal: signal !== undefined }, transfer);
    const pending = Promise.withResolvers<unknown>();
    this.#pending.set(id, pending);
    signal?.addEventListener('abort', () => this.#cancel(id), { once: true });
    return pending.promise as Promise<ResultOf<M[K]>>;
  }

  /** Resolves once no request is pending. */
  async idle(): Promise<void> {
    while (this.#pending.size > 0) {
      await Promise.allSettled(Array.from(this.#pending.values(), ({ promise }) => promise));
    }
  }

  /** Takes a message of the other thread's. */
  receive(message: RpcResponseMessage): void {
    const request = this.#pending.get(message.id);
    if (request === undefined) return; // cancelled meanwhile
    this.#pending.delete(message.id);
    if (message.kind === 'result') request.resolve(message.value);
    else request.reject(readError(message.error));
  }

  /** The other thread has ended: every request rejects with this error from now on, the pending ones too. */
  close(error: Error): void {
    this.#closed ??= error;
    for (const { reject } of this.#pending.values()) reject(this.#closed);
    this.#pending.clear();
  }

  #cancel(id: number): void {
    if (this.#closed !== undefined) return;
    this.#post({ kind: 'cancel', id });
    this.#pending.get(id)?.reject(new CosimoError('cancelled'));
    this.#pending.delete(id);
  }
}
