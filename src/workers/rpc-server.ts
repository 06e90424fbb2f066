/** The thread that answers: runs a handler for each request. */
import { CosimoError } from '../errors.ts';
import { writeError } from './rpc-error.ts';
import type { ArgsOf, Methods, Post, ResultOf, RpcRequestMessage, RpcResponseMessage } from './rpc-messages.ts';

export type Handlers<M> = {
  readonly [K in keyof M]: (
    args: ArgsOf<M[K]>,
    /** Fires when the client's does, when its thread has ended, and in any case once the response isn't kept any more. */
    signal: AbortSignal,
  ) => HandlerResult<ResultOf<M[K]>> | Promise<HandlerResult<ResultOf<M[K]>>>;
};

type HandlerResult<T> = T | Transferred<T>;

/** A handler's result whose buffers are handed over to the client instead of copied. */
export class Transferred<T> {
  readonly value: T;
  readonly buffers: readonly ArrayBuffer[];

  constructor(value: T, buffers: readonly ArrayBuffer[]) {
    this.value = value;
    this.buffers = buffers;
  }
}

/** One for all: without a reason, each abort would make an error of its own, which takes longer than a small response. */
const RELEASED = new CosimoError('cancelled');

export class RpcServer<M extends Methods<M>> {
  readonly #handlers: Handlers<M>;
  readonly #post: Post<RpcResponseMessage>;
  /** Of requests that are being answered, and of answered ones whose response the client still keeps. */
  readonly #requests = new Map<number, AbortController>();

  constructor(handlers: Handlers<M>, post: Post<RpcResponseMessage>) {
    this.#handlers = handlers;
    this.#post = post;
  }

  /** Takes a message of the client's. */
  receive(message: RpcRequestMessage): void {
    if (message.kind === 'request') void this.#answer(message);
    else this.#release(message.id);
  }

  /** The client's thread has ended: the signals of all its requests fire. */
  close(): void {
    for (const id of [...this.#requests.keys()]) this.#release(id);
  }

  async #answer({ id, method, args, hasSignal }: RpcRequestMessage & { kind: 'request' }): Promise<void> {
    const controller = new AbortController();
    this.#requests.set(id, controller);
    try {
      const result = await this.#handlers[method as keyof M](args as never, controller.signal);
      if (result instanceof Transferred) this.#post({ kind: 'result', id, value: result.value }, result.buffers);
      else this.#post({ kind: 'result', id, value: result });
    } catch (error) {
      this.#post({ kind: 'error', id, error: writeError(error) });
    }
    if (!hasSignal) this.#release(id);
  }

  #release(id: number): void {
    this.#requests.get(id)?.abort(RELEASED);
    this.#requests.delete(id);
  }
}
