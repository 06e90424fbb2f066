/** What answers requests once the model is loaded, and the holder that routes ask for it before and after. */
import type { EmbeddingCache } from '../cache/embedding-cache.ts';
import { CosimoError } from '../errors.ts';
import type { VectorIndex } from '../index/vector-index.ts';
import type { EmbeddingService } from './embedding-service.ts';
import type { SearchService } from './search-service.ts';

export interface Engine {
  /** As in the MODEL setting. */
  readonly modelName: string;
  /** What encodes where, for people. */
  readonly encoder: string;
  readonly dimensions: number;
  readonly embeddings: EmbeddingService;
  readonly search: SearchService;
  readonly cache: EmbeddingCache;
  readonly index: VectorIndex;
  /** False after a failed inference, until one works again. */
  readonly healthy: () => boolean;
}

export type Endpoint = 'embed' | 'batch' | 'search' | 'index';

export class EngineHolder {
  #engine: Engine | undefined;
  #closing = false;
  /** Accepted requests by endpoint. */
  readonly requests: Record<Endpoint, number> = { embed: 0, batch: 0, search: 0, index: 0 };

  /** @throws CosimoError `closed`, `model_not_ready` */
  get engine(): Engine {
    if (this.#closing) throw new CosimoError('closed');
    if (this.#engine === undefined) throw new CosimoError('model_not_ready');
    return this.#engine;
  }

  get loaded(): boolean {
    return this.#engine !== undefined;
  }

  get ready(): boolean {
    return !this.#closing && (this.#engine?.healthy() ?? false);
  }

  get closing(): boolean {
    return this.#closing;
  }

  /** The engine without asking whether it may serve, for gauges. */
  peek(): Engine | undefined {
    return this.#engine;
  }

  serve(engine: Engine): void {
    this.#engine = engine;
  }

  /** From now on everything is refused with `closed`. */
  close(): void {
    this.#closing = true;
  }
}
