/** Makes the body of a fully cached /embed/batch: written from the cache as bytes, or by JSON.stringify. */
import { createEmbeddingCache, type EmbeddingCache } from '../../../../src/cache/embedding-cache.ts';
import { EmbeddingsJson } from '../../../../src/http/answers/embeddings-json.ts';
import { seededRandom } from '../../data/random.ts';
import { serveRounds } from '../../trial/protocol.ts';
import { timedRound, warmUp } from '../timed-round.ts';

interface BodySpec {
  readonly way: 'cache' | 'stringify';
  readonly texts: number;
  readonly dimensions: number;
  readonly seed: number;
  readonly round_s: number;
  readonly warm_up_s: number;
}

const CAPACITY_BYTES = 64 * 1024 * 1024;

class CachedTexts {
  readonly texts: readonly string[];
  readonly dimensions: number;
  readonly #cache: EmbeddingCache;

  constructor(texts: readonly string[], vectors: readonly Float32Array[]) {
    this.texts = texts;
    this.dimensions = vectors[0]?.length ?? 0;
    this.#cache = createEmbeddingCache({ dimensions: this.dimensions, capacityBytes: CAPACITY_BYTES });
    for (const [at, text] of texts.entries()) this.#cache.set(text, vectors[at] as Float32Array);
  }

  /** Makes the body as the service does. The memory is reused after `use`. */
  body<T>(json: EmbeddingsJson, use: (body: Buffer) => T): T {
    const { texts, dimensions } = this;
    const write = (target: Uint8Array, offset: number) => this.#cache.writeJson(texts, target, offset);
    const written = json.write(texts.length, dimensions, { dimensions }, write);
    if (written === undefined) throw new Error('a text is not in the cache');
    const result = use(written.body);
    written.release();
    return result;
  }
}

/** Makes a body. @returns its bytes */
type MakeBody = () => number;

function fromCache(cached: CachedTexts): MakeBody {
  const json = new EmbeddingsJson();
  return () => cached.body(json, ({ length }) => length);
}

/** Makes bodies from the numbers that a client reads in the service's body, so both bodies have the same digits. */
function stringified(cached: CachedTexts): MakeBody {
  const answer: unknown = cached.body(new EmbeddingsJson(), (body) => JSON.parse(body.toString()));
  return () => Buffer.from(JSON.stringify(answer)).length;
}

function unitVectors(count: number, dimensions: number, seed: number): Float32Array[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => {
    const vector = Float32Array.from({ length: dimensions }, random.gaussian);
    return vector.map((value) => value / Math.hypot(...vector));
  });
}

await serveRounds<BodySpec>(async (spec) => {
  const { way, texts: count, dimensions, seed, round_s, warm_up_s } = spec;
  const texts = Array.from({ length: count }, (_, i) => `what is said of number ${i} in the archive`);
  const cached = new CachedTexts(texts, unitVectors(count, dimensions, seed));
  const bytes = way === 'cache' ? fromCache(cached) : stringified(cached);
  const round = () => timedRound(round_s, () => (bytes() > 0 ? 1 : 0));
  await warmUp(warm_up_s, round);
  return { round: async () => ({ ...(await round()), extra: { body_bytes: bytes() } }) };
});
