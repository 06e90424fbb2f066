/** The methods that HTTP threads call on the main thread, which has the engine. */
import type { RateCount } from '../http/rate-counter.ts';
import type { MetricsText } from '../http/stats-routes.ts';
import type { Document } from '../service/document.ts';
import type { Hit } from '../service/document-service.ts';
import type { TextVector, TokenCount } from '../service/embedding-backend.ts';

export interface EngineMethods {
  encode(args: EncodeArgs): TextVector[];
  encodeTokens(args: { readonly inputs: readonly Int32Array[] }): Float32Array[];
  countTokens(args: TextsArgs): TokenCount[];
  find(args: { readonly id: string }): Document;
  upsert(args: { readonly document: Document }): void;
  delete(args: { readonly id: string }): void;
  search(args: SearchArgs): Hit[];
  healthy(args: null): boolean;
  stats(args: null): object;
  metrics(args: null): MetricsText;
  /** Counts a request of an address. */
  countRequest(args: { readonly address: string }): RateCount;
}

export interface TextsArgs {
  readonly texts: readonly string[];
  /** UTF-8 bytes of each text. */
  readonly sizes: readonly number[];
}

export interface EncodeArgs extends TextsArgs {
  readonly cache: boolean;
}

export interface SearchArgs {
  readonly query: string;
  readonly topK: number;
  readonly threshold: number;
}
