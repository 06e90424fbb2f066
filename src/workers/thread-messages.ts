/** The messages of a worker thread to the thread that has started it. `R` is what it sends once it is ready. */
import type { RpcRequestMessage, RpcResponseMessage } from './rpc-messages.ts';

export type FromThread<R> =
  | { readonly kind: 'ready'; readonly ready: R }
  | { readonly kind: 'log'; readonly line: string }
  | RpcRequestMessage
  | RpcResponseMessage;

/** Both may ask the other. */
export type ToThread = RpcRequestMessage | RpcResponseMessage;
