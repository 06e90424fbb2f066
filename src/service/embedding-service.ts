/** Turns texts into vectors, through the cache. Every endpoint that needs a vector calls it. */

import { TimeSlice } from '../base/time-slice.ts';
import type { EmbeddingCache } from '../cache/embedding-cache.ts';
import { CosimoError } from '../errors.ts';
import type { ThreadCounts } from '../metrics/thread-counts.ts';
import type { Prompts } from '../model/prompts.ts';
import type { EmbeddingBackend, EncodeOptions, TextVector, TokenCount } from './embedding-backend.ts';

export interface EmbeddingServiceParts {
  readonly backend: EmbeddingBackend;
  readonly cache: EmbeddingCache;
  readonly counts: ThreadCounts;
  readonly prompts: Prompts;
  readonly textBytesMax: number;
}

export interface EmbedOptions {
  /** False neither reads nor writes the cache. */
  readonly cache?: boolean;
  /** What the texts are: it chooses the prompt. `text` unless given. */
  readonly as?: keyof Prompts;
  /** Aborts when the caller waits no longer; the call then rejects with `cancelled`. */
  readonly signal?: AbortSignal | undefined;
}

export interface Embeddings {
  /** One vector for each text, in the texts' order. Don't change them: equal texts share one. */
  readonly vectors: Float32Array[];
  /** Texts that needed no inference: found in the cache, or repeats within the call. 0 without the cache. */
  readonly cachedCount: number;
}

export interface CountedEmbeddings {
  readonly vectors: Float32Array[];
  /** Tokens of all texts together, as the model sees them: [CLS] and [SEP] count, truncated tokens don't. */
  readonly tokens: number;
  readonly truncatedTexts: number;
}

interface LookUp {
  readonly found: ReadonlyMap<string, TextVector>;
  /** The texts with their prompt: the keys of `found`. */
  readonly keys: readonly string[];
  readonly encodedCount: number;
}

export class EmbeddingService {
  readonly #parts: EmbeddingServiceParts;

  constructor(parts: EmbeddingServiceParts) {
    this.#parts = parts;
  }

  /**
   * @param texts well-formed Unicode of any length; what is past the model's `max_seq_length` is not seen
   * @throws CosimoError `text_too_large`, `queue_full`: nothing has changed then; `inference_failed`, `encoder_lost`, `cancelled`
   */
  async embed(texts: readonly string[], options: EmbedOptions = {}): Promise<Embeddings> {
    const { found, keys, encodedCount } = await this.#lookUp(texts, options);
    const cachedCount = options.cache === false ? 0 : texts.length - encodedCount;
    return { vectors: keys.map((key) => (found.get(key) as TextVector).vector), cachedCount };
  }

  /** Like `embed`, and counts tokens. Texts that the cache holds are tokenized for that. */
  async embedCounted(texts: readonly string[], options: EmbedOptions = {}): Promise<CountedEmbeddings> {
    const { found, keys } = await this.#lookUp(texts, options);
    const uncounted = [...found].flatMap(([key, { tokens }]) => (tokens === undefined ? [key] : []));
    const sizes = uncounted.map((key) => Buffer.byteLength(key));
    const counted =
      uncounted.length === 0 ? [] : await this.#parts.backend.countTokens(uncounted, sizes, options.signal);
    const counts = new Map<string, Partial<TokenCount>>(found);
    for (const [at, key] of uncounted.entries()) counts.set(key, counted[at] as TokenCount);
    return {
      vectors: keys.map((key) => (found.get(key) as TextVector).vector),
      tokens: keys.reduce((sum, key) => sum + (counts.get(key)?.tokens ?? 0), 0),
      truncatedTexts: keys.filter((key) => counts.get(key)?.truncated).length,
    };
  }

  /** @param inputs token ids with [CLS] and [SEP], as long as the model sees at most; @throws as `embed` */
  async embedTokens(inputs: readonly Int32Array[], signal?: AbortSignal): Promise<Float32Array[]> {
    const unique = new Map(inputs.map((ids) => [ids.join(), ids]));
    const encoded = await this.#parts.backend.encodeTokens([...unique.values()], signal);
    const vectors = new Map([...unique.keys()].map((key, at) => [key, encoded[at]]));
    return inputs.map((ids) => vectors.get(ids.join()) as Float32Array);
  }

  /**
   * Writes JSON of the texts' vectors as `writeVectorsJson` does, if all of them are in the cache.
   * @param texts as in `embed`, few enough to be written in one turn of the event loop
   * @returns where the text ends, or -1 when a vector is missing; then nothing is counted
   */
  writeCached(texts: readonly string[], target: Uint8Array, offset: number): number {
    const { cache, counts, prompts } = this.#parts;
    const end = cache.writeJson(prompted(texts, prompts.text), target, offset);
    if (end >= 0) counts.lookups(texts.length, 0);
    return end;
  }

  async #lookUp(
    texts: readonly string[],
    { cache: useCache = true, as = 'text', signal }: EmbedOptions,
  ): Promise<LookUp> {
    const { cache, counts, backend, prompts } = this.#parts;
    // Long texts let other requests run in between; a call of short texts runs without a pause. During a pause another
    // call may have had a missing text encoded, so missing texts are looked up again.
    const slice = new TimeSlice();
    const sizes: number[] = [];
    for (const text of texts) {
      sizes.push(this.#sizeOf(text));
      if (slice.isOver) await slice.turn();
    }
    const keys = prompted(texts, prompts[as]);
    const found = new Map<string, TextVector>();
    const missing = new Map<string, number>();
    let paused = false;
    for (const [at, key] of keys.entries()) {
      if (found.has(key) || missing.has(key)) continue;
      const vector = useCache ? cache.get(key) : undefined;
      if (vector === undefined) missing.set(key, sizes[at] as number);
      else found.set(key, { vector });
      if (slice.isOver) {
        await slice.turn();
        paused = true;
      }
    }
    for (const key of paused && useCache ? [...missing.keys()] : []) {
      const vector = cache.get(key);
      if (vector === undefined) continue;
      found.set(key, { vector });
      missing.delete(key);
    }
    const absent = [...missing.keys()];
    if (absent.length > 0) {
      const options: EncodeOptions = { cache: useCache, signal };
      const encoded = await backend.encode(absent, [...missing.values()], options);
      for (const [at, key] of absent.entries()) found.set(key, encoded[at] as TextVector);
    }
    if (useCache) counts.lookups(texts.length - absent.length, absent.length);
    return { found, keys, encodedCount: absent.length };
  }

  /** UTF-8 bytes of a text that is not too large. */
  #sizeOf(text: string): number {
    const { textBytesMax } = this.#parts;
    // Every UTF-16 unit is at least a byte: a text of too many units needs no counting.
    const size = text.length > textBytesMax ? text.length : Buffer.byteLength(text);
    if (size <= textBytesMax) return size;
    throw new CosimoError(
      'text_too_large',
      `A text is larger than ${textBytesMax} bytes; shorten it or raise MAX_TEXT_BYTES`,
    );
  }
}

/** Texts with their prompt: what the model gets, and the cache's keys. */
function prompted(texts: readonly string[], prompt: string): readonly string[] {
  return prompt === '' ? texts : texts.map((text) => prompt + text);
}
