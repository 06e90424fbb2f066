/** What a worker thread says to the thread that has started it. `R` is what it tells once it is ready. */
import type { RpcRequestMessage, RpcResponseMessage } from './rpc-messages.ts';

export type FromThread<R> =
  | { readonly kind: 'ready'; readonly ready: R }
  | { readonly kind: 'log'; readonly line: string }
  | RpcRequestMessage
  | RpcResponseMessage;

/** Both may ask the other. */
export type ToThread = RpcRequestMessage | RpcResponseMessage;
