/** How near a precision's vectors are to those of fp32, and how well they rank: measured once, each round tells it again. */
import { readFileSync } from 'node:fs';
import { createOnnxEncoder } from '../../src/encoder/onnx-encoder.ts';
import { planBatches } from '../../src/encoder/plan-batches.ts';
import { loadTokenizer } from '../../src/encoder/tokenizer.ts';
import { readModelConfig } from '../../src/model/model-config.ts';
import type { TextFile } from '../data/data-set.ts';
import { serveRounds } from '../protocol.ts';

interface PrecisionSpec {
  readonly model_dir: string;
  /** Sentences that are ranked. */
  readonly texts: string;
  readonly precision: 'fp32' | 'fp16';
  readonly threads: number;
}

interface Fixture {
  readonly texts: readonly { readonly ids: readonly number[]; readonly vector: string }[];
}

const TOP = 10;
const BATCH_TOKENS = 1024;
const OVERHEAD_TOKENS = 16;
const FIXTURE = new URL('../../test/fixtures/embeddings.json', import.meta.url);

type Vectors = readonly Float32Array[];

const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, at) => sum + value * (b[at] as number), 0);

await serveRounds<PrecisionSpec>(async ({ model_dir: modelDir, texts: file, precision, threads }) => {
  const { texts } = JSON.parse(readFileSync(file, 'utf8')) as TextFile;
  const fixture = (JSON.parse(readFileSync(FIXTURE, 'utf8')) as Fixture).texts;
  const tokenizer = await loadTokenizer(modelDir, await readModelConfig(modelDir));
  const sentences = (await tokenizer.tokenize(texts)).map(({ ids }) => ids);
  const fixtureIds = fixture.map(({ ids }) => Int32Array.from(ids));

  async function encode(as: 'fp32' | 'fp16', tokens: readonly Int32Array[]): Promise<Vectors> {
    const encoder = await createOnnxEncoder({ modelDir, device: 'cpu', deviceId: 0, precision: as, threads, log() {} });
    const vectors: Float32Array[] = [];
    const lengths = tokens.map(({ length }) => length);
    for (const batch of planBatches(lengths, BATCH_TOKENS, OVERHEAD_TOKENS)) {
      const encoded = await encoder.encode(batch.map((at) => tokens[at] as Int32Array));
      for (const [i, at] of batch.entries())
        vectors[at] = encoded.slice(i * encoder.dimensions, (i + 1) * encoder.dimensions);
    }
    await encoder.close();
    return vectors;
  }

  const [expected, actual] = [await encode('fp32', sentences), await encode(precision, sentences)];
  const reference = fixture.map(({ vector }) => floatsOf(vector));
  const own = await encode(precision, fixtureIds);
  const figures = {
    ...distances('sentences', expected, actual),
    ...distances('fixture', reference, own),
  };
  const overlap = topOverlap(expected, actual);
  return { round: () => ({ value: overlap, extra: figures }) };
});

function floatsOf(base64: string): Float32Array {
  const bytes = Buffer.from(base64, 'base64');
  return Float32Array.from({ length: bytes.length / 4 }, (_, at) => bytes.readFloatLE(at * 4));
}

/** 1 less the cosine: cosines differ far behind the point. */
function distances(name: string, expected: Vectors, actual: Vectors): Record<string, number> {
  const all = expected.map((vector, at) => 1 - dot(vector, actual[at] as Float32Array));
  const mean = all.reduce((sum, distance) => sum + distance, 0) / all.length;
  return { [`${name}_cosine_distance_worst`]: Math.max(...all), [`${name}_cosine_distance_mean`]: mean };
}

/** Of the ten nearest others of a text, how many are the same; the mean over all texts. */
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
