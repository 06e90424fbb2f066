/** Turns texts that the cache lacks into vectors: through the queue here, by a call to the main thread in HTTP threads. */
import type { EmbeddingCache } from '../cache/embedding-cache.ts';
import type { BatchQueue } from '../encoder/queue/batch-queue.ts';

export interface EncodeOptions {
  /** False neither reads nor writes the cache. */
  readonly cache: boolean;
  /** Aborts when the caller waits no longer; the call then rejects with `cancelled`. */
  readonly signal?: AbortSignal | undefined;
}

/** Tokens as the model sees them: [CLS] and [SEP] count, truncated tokens don't. */
export interface TokenCount {
  readonly tokens: number;
  /** Whether the text had more tokens than the model sees. */
  readonly truncated: boolean;
}

/** The token count is known only if the text has just been encoded. */
export interface TextVector extends Partial<TokenCount> {
  readonly vector: Float32Array;
}

export interface EmbeddingBackend {
  /**
   * @param texts different from one another, prompts included
   * @param sizes UTF-8 bytes of each
   * @returns their vectors; with `cache` they are in the cache too
   * @throws CosimoError `queue_full`: nothing has changed then; `inference_failed`, `encoder_lost`, `cancelled`, `closed`
   */
  encode(texts: readonly string[], sizes: readonly number[], options: EncodeOptions): Promise<TextVector[]>;
  /**
   * @param inputs token ids of each text, [CLS] and [SEP] included, no longer than the model sees; different from one another.
   *   Their vectors are not cached: the cache's keys are texts
   * @throws as `encode`
   */
  encodeTokens(inputs: readonly Int32Array[], signal?: AbortSignal): Promise<Float32Array[]>;
  /** How many tokens texts have. @throws as `encode` */
  countTokens(texts: readonly string[], sizes: readonly number[], signal?: AbortSignal): Promise<TokenCount[]>;
}

/** Encodes through the queue of this process. */
export class QueuedBackend implements EmbeddingBackend {
  readonly #queue: BatchQueue;
  readonly #cache: EmbeddingCache;

  constructor(queue: BatchQueue, cache: EmbeddingCache) {
    this.#queue = queue;
    this.#cache = cache;
  }

  async encode(texts: readonly string[], sizes: readonly number[], options: EncodeOptions): Promise<TextVector[]> {
    const pending = this.#queue.enqueue(texts, options.signal, sizes);
    return Promise.all(
      pending.map(async (encoding, at) => {
        const encoded = await encoding;
        if (options.cache) this.#cache.set(texts[at] as string, encoded.vector);
        return encoded;
      }),
    );
  }

  async encodeTokens(inputs: readonly Int32Array[], signal?: AbortSignal): Promise<Float32Array[]> {
    const encoded = await Promise.all(this.#queue.enqueue(inputs, signal));
    return encoded.map(({ vector }) => vector);
  }

  async countTokens(texts: readonly string[], sizes: readonly number[], signal?: AbortSignal): Promise<TokenCount[]> {
    const counted = await Promise.all(this.#queue.enqueue(texts, signal, sizes, 'count'));
    return counted.map(({ tokens, truncated }) => ({ tokens, truncated }));
  }
}
