/**
 * Compares a precision's vectors with those of sentence-transformers and of fp32, and how both rank texts.
 * The figures are computed once, and every round reports them.
 */
import { readFileSync } from 'node:fs';
import type { TextFile } from '../../data/data-set.ts';
import { serveRounds } from '../../trial/protocol.ts';
import { type EncoderSpec, encodeAll, modelTokenizer, startBareEncoder } from './bare-encoder.ts';

type PrecisionSpec = EncoderSpec & {
  /** File of the sentences to rank. */
  readonly texts: string;
};

interface Fixture {
  readonly texts: readonly { readonly ids: readonly number[]; readonly vector: string }[];
}

const TOP = 10;
const BATCH_TOKENS = 1024;
/** Vectors of sentence-transformers in fp32. */
const FIXTURE = new URL('../../../../test/fixtures/embeddings.json', import.meta.url);

type Vectors = readonly Float32Array[];

const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, at) => sum + value * (b[at] as number), 0);
/** Unit vectors in float32 aren't quite of length 1. */
const cosine = (a: Float32Array, b: Float32Array) => dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));

await serveRounds<PrecisionSpec>(async (spec) => {
  const { texts } = JSON.parse(readFileSync(spec.texts, 'utf8')) as TextFile;
  const fixture = (JSON.parse(readFileSync(FIXTURE, 'utf8')) as Fixture).texts;
  const tokenizer = await modelTokenizer(spec.model_dir);
  const sentences = (await tokenizer.tokenize(texts)).map(({ ids }) => ids);
  const { threads, model_dir } = spec;
  // ONNX Runtime on our graph is within 1e-5 of sentence-transformers: test/encoder/encoder-parity.test.ts checks this.
  const exact = await vectorsBy({ encoder: 'onnx', precision: 'fp32', threads, model_dir }, [sentences]);
  const fixtureIds = fixture.map(({ ids }) => Int32Array.from(ids));
  const own = await vectorsBy(spec, [sentences, fixtureIds]);
  const [expected, actual] = [exact[0] as Vectors, own[0] as Vectors];
  const reference = fixture.map(({ vector }) => floatsOf(vector));
  const figures = {
    ...distances('sentences', expected, actual),
    ...distances('fixture', reference, own[1] as Vectors),
  };
  const overlap = topOverlap(expected, actual);
  return { round: () => ({ value: overlap, extra: figures }) };
});

async function vectorsBy(asked: EncoderSpec, sets: readonly (readonly Int32Array[])[]): Promise<Vectors[]> {
  const encoder = await startBareEncoder(asked);
  const vectors: Vectors[] = [];
  for (const tokens of sets) vectors.push(await encodeAll(encoder, tokens, BATCH_TOKENS));
  await encoder.close();
  return vectors;
}

function floatsOf(base64: string): Float32Array {
  const bytes = Buffer.from(base64, 'base64');
  return Float32Array.from({ length: bytes.length / 4 }, (_, at) => bytes.readFloatLE(at * 4));
}

/** Distances are 1 − cosine, because cosines near 1 are hard to compare. */
function distances(name: string, expected: Vectors, actual: Vectors): Record<string, number> {
  const all = expected.map((vector, at) => 1 - cosine(vector, actual[at] as Float32Array));
  const mean = all.reduce((sum, distance) => sum + distance, 0) / all.length;
  return { [`${name}_cosine_distance_worst`]: Math.max(...all), [`${name}_cosine_distance_mean`]: mean };
}

/** The share of the ten nearest texts that two sets of vectors have in common: the mean over all texts. */
function topOverlap(expected: Vectors, actual: Vectors): number {
  const shares = expected.map((_, at) => {
    const near = new Set(nearest(expected, at));
    return nearest(actual, at).filter((other) => near.has(other)).length / TOP;
  });
  return shares.reduce((sum, share) => sum + share, 0) / shares.length;
}

function nearest(vectors: Vectors, at: number): number[] {
  const scores = vectors.map((vector, other) => (other === at ? -2 : dot(vector, vectors[at] as Float32Array)));
  const order = [...scores.keys()].sort((a, b) => (scores[b] as number) - (scores[a] as number));
  return order.slice(0, TOP);
}
