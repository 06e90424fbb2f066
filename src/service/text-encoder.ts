/** Texts that no cache holds → vectors: where inference is asked for. */
import type { EmbeddingCache } from '../cache/embedding-cache.ts';
import type { BatchQueue } from '../encoder/batch-queue.ts';

export interface EncodeOptions {
  /** False neither reads nor writes the cache. */
  readonly cache: boolean;
  /** When it fires, the caller waits no longer: `cancelled`. */
  readonly signal?: AbortSignal | undefined;
}

export interface TextEncoder {
  /**
   * @param texts different from one another
   * @param sizes UTF-8 bytes of each
   * @returns their vectors, in the cache too if that is asked for
   * @throws CosimoError `queue_full`: nothing has changed then; `inference_failed`, `cancelled`, `closed`
   */
  encode(texts: readonly string[], sizes: readonly number[], options: EncodeOptions): Promise<Float32Array[]>;
}

/** Through the queue of this process. */
export class QueuedEncoder implements TextEncoder {
  readonly #queue: BatchQueue;
  readonly #cache: EmbeddingCache;

  constructor(queue: BatchQueue, cache: EmbeddingCache) {
    this.#queue = queue;
    this.#cache = cache;
  }

  async encode(texts: readonly string[], sizes: readonly number[], options: EncodeOptions): Promise<Float32Array[]> {
    const pending = this.#queue.enqueue(texts, options.signal, sizes);
    return Promise.all(
      pending.map(async (encoding, at) => {
        const vector = await encoding;
        if (options.cache) this.#cache.set(texts[at] as string, vector);
        return vector;
      }),
    );
  }
}
