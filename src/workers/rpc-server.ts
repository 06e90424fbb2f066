/** The thread that answers: runs a handler for each request. */
import { writeError } from './rpc-error.ts';
import type { ArgsOf, Methods, Post, ResultOf, RpcRequestMessage, RpcResponseMessage } from './rpc-messages.ts';

export type Handlers<M> = {
  readonly [K in keyof M]: (
    args: ArgsOf<M[K]>,
    request: IncomingRequest,
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

/** A request that is being answered, or whose response the client still keeps. */
class IncomingRequest {
  #controller: AbortController | undefined;
  #isReleased = false;

  /**
   * Aborts when the client's signal does, when the client's thread has ended, and in any case once the response is no longer
   * kept. It is made on demand: making and aborting a signal takes longer than a small response.
   */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#isReleased) this.#controller.abort();
    return this.#controller.signal;
  }

  release(): void {
    this.#isReleased = true;
    this.#controller?.abort();
  }
}

export class RpcServer<M extends Methods<M>> {
  readonly #handlers: Handlers<M>;
  readonly #post: Post<RpcResponseMessage>;
  readonly #requests = new Map<number, IncomingRequest>();

  constructor(handlers: Handlers<M>, post: Post<RpcResponseMessage>) {
    this.#handlers = handlers;
    this.#post = post;
  }

  /** Takes a message of the client's. */
  receive(message: RpcRequestMessage): void {
    if (message.kind === 'request') void this.#answer(message);
    else this.#release(message.id);
  }

  /** The client's thread has ended: the signals of all its requests abort. */
  close(): void {
    for (const id of [...this.#requests.keys()]) this.#release(id);
  }

  async #answer({ id, method, args, hasSignal }: RpcRequestMessage & { kind: 'request' }): Promise<void> {
    const request = new IncomingRequest();
    this.#requests.set(id, request);
    try {
      const result = await this.#handlers[method as keyof M](args as never, request);
      if (result instanceof Transferred) this.#post({ kind: 'result', id, value: result.value }, result.buffers);
      else this.#post({ kind: 'result', id, value: result });
    } catch (error) {
      this.#post({ kind: 'error', id, error: writeError(error) });
    }
    if (!hasSignal) this.#release(id);
  }

  #release(id: number): void {
    this.#requests.get(id)?.release();
    this.#requests.delete(id);
  }
}
