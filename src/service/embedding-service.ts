/** Texts → unit vectors, through the cache. Every endpoint that needs a vector comes here. */
import type { EmbeddingCache } from '../cache/embedding-cache.ts';
import type { BatchQueue } from '../encoder/batch-queue.ts';
import { CosimoError } from '../errors.ts';
import type { Metrics } from '../metrics.ts';

export interface EmbeddingServiceParts {
  readonly queue: BatchQueue;
  readonly cache: EmbeddingCache;
  readonly metrics: Metrics;
  readonly textBytesMax: number;
}

export interface EmbedOptions {
  /** False neither reads nor writes the cache. */
  readonly cache?: boolean;
  /** When it fires, the caller waits no longer: `cancelled`. */
  readonly signal?: AbortSignal;
}

export interface Embeddings {
  /** One vector a text, in the texts' order; not to be changed, repeats share theirs. */
  readonly vectors: Float32Array[];
  /** Texts that needed no inference: found in the cache, or repeats within the call. */
  readonly cachedCount: number;
}

export class EmbeddingService {
  readonly #parts: EmbeddingServiceParts;
  #hits = 0;
  #misses = 0;

  constructor(parts: EmbeddingServiceParts) {
    this.#parts = parts;
  }

  /** Look-ups of the cache in accepted calls; repeats within a call count as hits. */
  get lookups(): { hits: number; misses: number } {
    return { hits: this.#hits, misses: this.#misses };
  }

  /** Seconds after which a refused call should be tried again. */
  get retryAfter_s(): number {
    return this.#parts.queue.drain_s;
  }

  /**
   * @param texts well-formed Unicode of any length; what is past the model's `max_seq_length` is not seen
   * @throws CosimoError `text_too_large`, `queue_full`: nothing has changed then; `inference_failed`, `cancelled`
   */
  async embed(texts: readonly string[], { cache: useCache = true, signal }: EmbedOptions = {}): Promise<Embeddings> {
    this.#checkSizes(texts);
    const { cache, queue } = this.#parts;
    const known = new Map<string, Float32Array>();
    const missing = new Set<string>();
    for (const text of texts) {
      if (known.has(text) || missing.has(text)) continue;
      const vector = useCache ? cache.get(text) : undefined;
      if (vector === undefined) missing.add(text);
      else known.set(text, vector);
    }
    const pending = queue.enqueue([...missing], signal);
    const cachedCount = texts.length - missing.size;
    if (useCache) this.#count(cachedCount, missing.size);
    await Promise.all(
      [...missing].map(async (text, at) => {
        const vector = (await pending[at]) as Float32Array;
        if (useCache) cache.set(text, vector);
        known.set(text, vector);
      }),
    );
    return { vectors: texts.map((text) => known.get(text) as Float32Array), cachedCount };
  }

  #checkSizes(texts: readonly string[]): void {
    const { textBytesMax } = this.#parts;
    for (const text of texts) {
      // A UTF-16 unit is at most three bytes of UTF-8: most texts need no counting.
      if (text.length * 3 > textBytesMax && Buffer.byteLength(text) > textBytesMax) {
        throw new CosimoError(
          'text_too_large',
          `A text is larger than ${textBytesMax} bytes; shorten it or raise MAX_TEXT_BYTES`,
        );
      }
    }
  }

  #count(hits: number, misses: number): void {
    this.#hits += hits;
    this.#misses += misses;
    this.#parts.metrics.cacheLookups(hits, misses);
  }
}
