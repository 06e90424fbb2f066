/** What two threads say to each other when one asks the other: requests, responses, and which methods there are. */
import type { Transferable } from 'node:worker_threads';
import type { WrittenError } from './rpc-error.ts';

export type RpcRequestMessage =
  | {
      readonly kind: 'request';
      readonly id: number;
      readonly method: string;
      readonly args: unknown;
      /** Whether a `cancel` will follow, before the response or at any time after it. */
      readonly hasSignal: boolean;
    }
  /** The client's signal has aborted. */
  | { readonly kind: 'cancel'; readonly id: number };

export type RpcResponseMessage =
  | { readonly kind: 'result'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'error'; readonly id: number; readonly error: WrittenError };

/** Sends a message to the other thread; the buffers listed are handed over instead of copied. */
export type Post<T> = (message: T, transfer?: readonly Transferable[]) => void;

/** What both threads agree on: the arguments of each method and what it resolves to, all of it clonable. */
export type Methods<M> = { readonly [K in keyof M]: (args: never) => unknown };
export type NoMethods = Record<never, never>;
export type ArgsOf<F> = F extends (args: infer A) => unknown ? A : never;
export type ResultOf<F> = F extends (args: never) => infer R ? R : never;
