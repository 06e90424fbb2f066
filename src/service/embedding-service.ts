/** Texts → unit vectors, through the cache. Every endpoint that needs a vector comes here. */
import type { EmbeddingCache } from '../cache/embedding-cache.ts';
import { CosimoError } from '../errors.ts';
import type { ThreadCounts } from '../thread-counts.ts';
import type { TextEncoder } from './text-encoder.ts';
import { TimeSlice } from './time-slice.ts';

export interface EmbeddingServiceParts {
  readonly encoder: TextEncoder;
  readonly cache: EmbeddingCache;
  readonly counts: ThreadCounts;
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

  constructor(parts: EmbeddingServiceParts) {
    this.#parts = parts;
  }

  /**
   * @param texts well-formed Unicode of any length; what is past the model's `max_seq_length` is not seen
   * @throws CosimoError `text_too_large`, `queue_full`: nothing has changed then; `inference_failed`, `cancelled`
   */
  async embed(texts: readonly string[], { cache: useCache = true, signal }: EmbedOptions = {}): Promise<Embeddings> {
    const { cache, counts, encoder } = this.#parts;
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
    const absent = [...missing.keys()];
    if (absent.length > 0) {
      const encoded = await encoder.encode(absent, [...missing.values()], { cache: useCache, signal });
      for (const [at, text] of absent.entries()) known.set(text, encoded[at] as Float32Array);
    }
    const cachedCount = texts.length - absent.length;
    if (useCache) counts.lookups(cachedCount, absent.length);
    return { vectors: texts.map((text) => known.get(text) as Float32Array), cachedCount };
  }

  /**
   * Writes JSON of the texts' vectors as `writeVectorsJson` does, if all of them are in the cache.
   * @param texts as in `embed`, few enough to be written in one turn of the event loop
   * @returns the end of what was written, or -1: nothing is counted then
   */
  writeCached(texts: readonly string[], target: Uint8Array, offset: number): number {
    const end = this.#parts.cache.writeJson(texts, target, offset);
    if (end >= 0) this.#parts.counts.lookups(texts.length, 0);
    return end;
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
}
