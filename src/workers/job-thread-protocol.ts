/** What the event loop and a job thread say to each other. `R` is what a thread tells once it is ready, `D` a job's result. */
import type { ErrorCode } from '../errors.ts';

export type JobThreadMessage<R, D> =
  | { readonly kind: 'ready'; readonly ready: R }
  | { readonly kind: 'log'; readonly line: string }
  | { readonly kind: 'done'; readonly result: D }
  /** The thread could not start, or this job failed and the thread goes on. */
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly message: string };
