/** What the main thread and the HTTP threads say to each other. */
import type { MessagePort } from 'node:worker_threads';
import type { Config } from '../config.ts';
import type { RateHits } from '../http/rate-counter.ts';
import type { MetricsText } from '../http/stats-routes.ts';
import type { Prompts } from '../model/prompts.ts';
import type { Document } from '../service/document.ts';
import type { Hit } from '../service/document-service.ts';
import type { TextVector, TokenCount } from '../service/embedding-backend.ts';
import type { ServedModel } from '../service/engine.ts';

/** What a thread is started with. */
export interface HttpThreadOptions {
  readonly config: Config;
  readonly port: number;
  /** Its row of the counts; there are `rows` of them. */
  readonly row: number;
  readonly rows: number;
  readonly counts: SharedArrayBuffer;
  /** For EngineCalls. */
  readonly calls: MessagePort;
}

/** What a thread must know of the engine to serve. */
export interface EngineFacts {
  readonly model: ServedModel;
  readonly prompts: Prompts;
  /** The cache's number, see `share()`. */
  readonly cache: number;
}

export type ToHttpThread = { readonly kind: 'serve'; readonly engine: EngineFacts } | { readonly kind: 'close' };

export interface FromHttpThread {
  readonly kind: 'listening';
  /** In the order in which their answers are counted: the same in all threads. */
  readonly routes: readonly string[];
}

/** What the main thread does for HTTP threads. */
export interface EngineCalls {
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
  hit(args: { readonly address: string }): RateHits;
}

export interface TextsArgs {
  readonly texts: readonly string[];
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
