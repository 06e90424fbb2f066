/** The engine, which answers requests once the model is loaded, and its holder, which routes ask before and after that. */
import { CosimoError } from '../errors.ts';
import type { ThreadCounts } from '../metrics/thread-counts.ts';
import type { StoredDocument } from '../store/document-store.ts';
import type { Hit, SearchOptions } from './document-service.ts';
import type { EmbeddingService } from './embedding-service.ts';

/** What DocumentService does, called in its own thread or from another one. */
export interface Documents {
  find(id: string): StoredDocument | Promise<StoredDocument>;
  upsert(document: StoredDocument, signal: AbortSignal): Promise<void>;
  delete(id: string): Promise<void>;
  search(query: string, options: SearchOptions & { readonly signal: AbortSignal }): Promise<Hit[]>;
}

/** What clients may know of the model. Can be cloned to other threads. */
export interface ServedModel {
  /** The name from the setting MODEL, or the folder's name. */
  readonly name: string;
  /** Other names that clients may use for it. */
  readonly aliases: readonly string[];
  readonly dimensions: number;
  /** The model sees at most this many tokens of a text. */
  readonly maxTokens: number;
  readonly vocabSize: number;
  /** Token ids that the tokenizer puts before and after a text: [CLS] and [SEP]. */
  readonly prefix: readonly number[];
  readonly suffix: readonly number[];
  /** Time of loading, in seconds since 1970. */
  readonly loaded_s: number;
}

export interface Engine {
  readonly model: ServedModel;
  readonly dimensions: number;
  readonly embeddings: EmbeddingService;
  readonly documents: Documents;
  /** False while the encoder or the store's disk fails. */
  readonly healthy: () => boolean | Promise<boolean>;
  /** The body of /stats. */
  readonly stats: () => object | Promise<object>;
  /** Seconds after which a call that was refused should be tried again. */
  readonly retryAfter_s: () => number;
}

export class EngineHolder {
  #engine: Engine | undefined;
  #closing = false;
  /** The counts of the thread that these routes run in. */
  readonly counts: ThreadCounts;

  constructor(counts: ThreadCounts) {
    this.counts = counts;
  }

  /** @throws CosimoError `closed`, `model_not_ready` */
  get engine(): Engine {
    if (this.#closing) throw new CosimoError('closed');
    if (this.#engine === undefined) throw new CosimoError('model_not_ready');
    return this.#engine;
  }

  get loaded(): boolean {
    return this.#engine !== undefined;
  }

  async isReady(): Promise<boolean> {
    return this.#engine !== undefined && !this.#closing && (await this.#engine.healthy());
  }

  get closing(): boolean {
    return this.#closing;
  }

  /** Seconds after which a refused call should be tried again. */
  get retryAfter_s(): number {
    return this.#engine?.retryAfter_s() ?? 1;
  }

  serve(engine: Engine): void {
    this.#engine = engine;
  }

  /** From now on everything is refused with `closed`. */
  close(): void {
    this.#closing = true;
  }
}
