/** Calls from one thread to another, each a promise, with a signal that reaches the other side. */
import type { MessagePort } from 'node:worker_threads';
import { CosimoError, type ErrorCode, errorCodeOf } from '../errors.ts';

type CallMessage =
  | { readonly kind: 'call'; readonly id: number; readonly method: string; readonly args: unknown }
  /** The caller's signal has fired, or the call needed none and has been answered. */
  | { readonly kind: 'over'; readonly id: number };

type AnswerMessage =
  | { readonly kind: 'result'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'error'; readonly id: number; readonly error: WrittenError };

/** What of an error crosses threads: structured clones lose the properties of errors. */
interface WrittenError {
  readonly code: ErrorCode | undefined;
  readonly message: string;
  readonly stack: string | undefined;
  readonly retryAfter_s: number | undefined;
}

/** What both sides agree on: a method's arguments and what it resolves to, all of it clonable. */
export type Methods<M> = { readonly [K in keyof M]: (args: never) => unknown };
export type ArgsOf<F> = F extends (args: infer A) => unknown ? A : never;
export type ResultOf<F> = F extends (args: never) => infer R ? R : never;

interface UnderWay {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly signal: AbortSignal | undefined;
}

/** The asking side; it owns what arrives at the port from the other side. */
export class Caller<M extends Methods<M>> {
  readonly #port: MessagePort;
  readonly #underWay = new Map<number, UnderWay>();
  #lastId = 0;

  constructor(port: MessagePort) {
    this.#port = port;
    port.on('message', (message: AnswerMessage) => this.#receive(message));
  }

  /**
   * @param signal tells the other side when nobody waits for the answer, or keeps it, any more; the call then rejects with
   *   `cancelled` unless it has been answered
   */
  call<K extends keyof M & string>(method: K, args: ArgsOf<M[K]>, signal?: AbortSignal): Promise<ResultOf<M[K]>> {
    if (signal?.aborted) return Promise.reject(new CosimoError('cancelled'));
    this.#lastId += 1;
    const id = this.#lastId;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#underWay.set(id, { resolve, reject, signal });
    this.#port.postMessage({ kind: 'call', id, method, args } satisfies CallMessage);
    signal?.addEventListener('abort', () => this.#end(id), { once: true });
    return promise as Promise<ResultOf<M[K]>>;
  }

  #end(id: number): void {
    this.#port.postMessage({ kind: 'over', id } satisfies CallMessage);
    this.#underWay.get(id)?.reject(new CosimoError('cancelled'));
    this.#underWay.delete(id);
  }

  #receive(message: AnswerMessage): void {
    const call = this.#underWay.get(message.id);
    if (call === undefined) return; // ended meanwhile
    this.#underWay.delete(message.id);
    if (call.signal === undefined) this.#port.postMessage({ kind: 'over', id: message.id } satisfies CallMessage);
    if (message.kind === 'result') call.resolve(message.value);
    else call.reject(readError(message.error));
  }
}

export type Handlers<M> = {
  readonly [K in keyof M]: (
    args: ArgsOf<M[K]>,
    /** Fires when the caller's does, when its thread has died, and in any case once the answer isn't kept any more. */
    signal: AbortSignal,
  ) => ResultOf<M[K]> | Promise<ResultOf<M[K]>>;
};

/** Answers the calls that come through a port, until its other end is closed. */
export function answerCalls<M extends Methods<M>>(port: MessagePort, handlers: Handlers<M>): void {
  const underWay = new Map<number, AbortController>();
  const post = (message: AnswerMessage) => port.postMessage(message);
  const answer = async ({ id, method, args }: CallMessage & { kind: 'call' }) => {
    const controller = new AbortController();
    underWay.set(id, controller);
    try {
      const value = await handlers[method as keyof M](args as never, controller.signal);
      post({ kind: 'result', id, value });
    } catch (error) {
      post({ kind: 'error', id, error: writeError(error as Error) });
    }
  };
  port.on('message', (message: CallMessage) => {
    if (message.kind === 'call') void answer(message);
    else if (message.kind === 'over') {
      underWay.get(message.id)?.abort();
      underWay.delete(message.id);
    }
  });
  port.once('close', () => {
    for (const controller of underWay.values()) controller.abort();
    underWay.clear();
  });
}

function writeError(error: Error): WrittenError {
  const { retryAfter_s } = error as CosimoError;
  return { code: errorCodeOf(error), message: error.message, stack: error.stack, retryAfter_s };
}

function readError({ code, message, stack, retryAfter_s }: WrittenError): Error {
  const error = code === undefined ? new Error(message) : new CosimoError(code, message, { retryAfter_s });
  if (stack !== undefined) error.stack = stack;
  return error;
}
