/** Texts → unit vectors, through the cache. Every endpoint that needs a vector comes here. */
import type { EmbeddingCache } from '../cache/embedding-cache.ts';
import type { BatchQueue } from '../encoder/batch-queue.ts';
import { CosimoError } from '../errors.ts';
import type { Metrics } from '../metrics.ts';
import { TimeSlice } from './time-slice.ts';

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
    const { cache, queue } = this.#parts;
    // Long texts give way to other requests one by one; a call of short ones runs through without a pause. While a call
    // pauses, another one may have a text encoded that this one didn't find: those are looked for again.
    const slice = new TimeSlice();
    const sizes: number[] = [];
    for (const text of texts) {
      sizes.push(this.#sizeOf(text));
      if (slice.isOver) await slice.turn();
    }
    const known = new Map<string, Float32Array>();
    const missing = new Map<string, number>();
    let paused = false;
    for (const [at, text] of texts.entries()) {
      if (known.has(text) || missing.has(text)) continue;
      const vector = useCache ? cache.get(text) : undefined;
      if (vector === undefined) missing.set(text, sizes[at] as number);
      else known.set(text, vector);
      if (slice.isOver) {
        await slice.turn();
        paused = true;
      }
    }
    for (const text of paused && useCache ? [...missing.keys()] : []) {
      const vector = cache.get(text);
      if (vector === undefined) continue;
      known.set(text, vector);
      missing.delete(text);
    }
    const pending = queue.enqueue([...missing.keys()], signal, [...missing.values()]);
    const cachedCount = texts.length - missing.size;
    if (useCache) this.#count(cachedCount, missing.size);
    await Promise.all(
      [...missing.keys()].map(async (text, at) => {
        const vector = (await pending[at]) as Float32Array;
        if (useCache) cache.set(text, vector);
        known.set(text, vector);
      }),
    );
    return { vectors: texts.map((text) => known.get(text) as Float32Array), cachedCount };
  }

  /** UTF-8 bytes of a text that is not too large. */
  #sizeOf(text: string): number {
    const { textBytesMax } = this.#parts;
    // Every UTF-16 unit is at least a byte: much too long a text needs no counting.
    const size = text.length > textBytesMax ? text.length : Buffer.byteLength(text);
    if (size <= textBytesMax) return size;
    throw new CosimoError(
      'text_too_large',
      `A text is larger than ${textBytesMax} bytes; shorten it or raise MAX_TEXT_BYTES`,
    );
  }

  #count(hits: number, misses: number): void {
    this.#hits += hits;
    this.#misses += misses;
    this.#parts.metrics.cacheLookups(hits, misses);
  }
}
