/** What the event loop and the encoder's thread say to each other. */
import type { ErrorCode } from '../errors.ts';

export interface EncoderThreadOptions {
  readonly modelDir: string;
  readonly device: 'auto' | 'cpu' | 'cuda';
  /** Threads of one inference. */
  readonly threads: number;
  /** Tokens, padding included, of one inference. */
  readonly batchTokens: number;
}

export interface EncodeJob {
  readonly texts: readonly string[];
}

export interface EncodeTimings {
  readonly tokenize_ms: number;
  readonly inference_ms: number;
  /** Tokens of the texts, and of the padding that brought them to equal length. */
  readonly tokens: number;
  readonly padding_tokens: number;
}

export type EncoderThreadMessage =
  | { readonly kind: 'ready'; readonly dimensions: number; readonly description: string }
  | { readonly kind: 'log'; readonly line: string }
  /** `vectors`: `texts.length × dimensions` floats in the order of the texts, transferred. */
  | { readonly kind: 'done'; readonly vectors: Float32Array<ArrayBuffer>; readonly timings: EncodeTimings }
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly message: string };
