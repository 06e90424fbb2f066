/** Makes texts of a given length in tokens from the corpus, and the model's vectors of sentences. */
import { writeFile } from 'node:fs/promises';
import { createOnnxEncoder } from '../../../src/encoder/onnx/onnx-encoder.ts';
import { planBatches } from '../../../src/encoder/queue/plan-batches.ts';
import { loadTokenizer, type TokenizedText, type Tokenizer } from '../../../src/encoder/tokenizer/tokenizer.ts';
import { readModel } from '../../../src/model/model.ts';
import { readModelConfig } from '../../../src/model/model-config.ts';
import { readCorpus } from './corpus.ts';
import type { TextFile, TextSet, VectorSet, vectorFiles } from './data-set.ts';
import { seededRandom, shuffled } from './random.ts';
import { readUsageExamples } from './usage-examples.ts';

const BATCH_TOKENS = 2048;
/** The approximate fixed cost of an inference, in tokens. */
const OVERHEAD_TOKENS = 16;
/** The shortest and the longest text of a set. */
const RANGES = { short: [4, 63], wide: [5, 250] } as const;
/** Each text gets [CLS] and [SEP]. */
const SPECIAL_TOKENS = 2;

export interface TextSource {
  readonly modelDir: string;
  readonly threads: number;
  readonly log: (line: string) => void;
}

export async function writeTexts(set: TextSet, path: string, source: TextSource): Promise<void> {
  const sentences = await shuffledCorpus(set.seed, source);
  const tokenizer = await tokenizerOf(source);
  const texts =
    set.tokens === 'mixed'
      ? sentences.slice(0, set.count)
      : await textsOfLengths(lengthsOf(set, set.tokens), sentences, tokenizer);
  if (texts.length < set.count) throw new Error(`the corpus has ${texts.length} sentences, fewer than ${set.count}`);
  const tokens = (await tokenizer.tokenize(texts)).map(({ ids }) => ids.length);
  const file: TextFile = { texts, tokens };
  await writeFile(path, JSON.stringify(file));
}

/** Rows and queries are vectors of different sentences, long and short. There are too few sentences for spare rows. */
export async function writeSentenceVectors(
  set: VectorSet,
  paths: ReturnType<typeof vectorFiles>,
  source: TextSource,
): Promise<void> {
  const { rows } = set;
  const all = new Set([...(await readCorpus(source.log)), ...(await readUsageExamples(source.log))]);
  const sentences = shuffled([...all], seededRandom(set.seed));
  if (sentences.length < rows + set.queries) throw new Error(`the corpus has only ${sentences.length} sentences`);
  const { modelDir, threads, log } = source;
  const model = await readModel(modelDir);
  const encoder = await createOnnxEncoder({ model, threads, log, device: 'cpu', deviceId: 0, precision: 'fp32' });
  const tokens = await (await tokenizerOf(source)).tokenize(sentences.slice(0, rows + set.queries));
  const vectors = new Float32Array(tokens.length * encoder.dimensions);
  for (const batch of planBatches(
    tokens.map(({ ids }) => ids.length),
    BATCH_TOKENS,
    OVERHEAD_TOKENS,
  )) {
    const encoded = await encoder.encode(batch.map((at) => (tokens[at] as TokenizedText).ids));
    batch.forEach((at, i) => {
      const row = encoded.subarray(i * encoder.dimensions, (i + 1) * encoder.dimensions);
      vectors.set(row, at * encoder.dimensions);
    });
  }
  await encoder.close();
  await writeFile(paths.vectors, vectors.subarray(0, rows * encoder.dimensions));
  await writeFile(paths.queries, vectors.subarray(rows * encoder.dimensions));
}

/** @returns the tokens of each text, without [CLS] and [SEP] */
function lengthsOf({ count, seed }: TextSet, tokens: number | keyof typeof RANGES): number[] {
  const random = seededRandom(seed);
  const [shortest, longest] = typeof tokens === 'number' ? [tokens, tokens] : RANGES[tokens];
  const next = () => (shortest === longest ? shortest : shortest + random.integer(longest - shortest + 1));
  return Array.from({ length: count }, () => next() - SPECIAL_TOKENS);
}

/**
 * Running words that make exactly the wanted number of tokens. WordPiece works word by word, so a text has the sum of its
 * words' tokens; a word that would be too long is skipped.
 */
export async function textsOfLengths(
  lengths: readonly number[],
  sentences: readonly string[],
  tokenizer: Tokenizer,
): Promise<string[]> {
  const words = sentences.flatMap((sentence) => sentence.split(' '));
  const sizes = (await tokenizer.tokenize(words)).map(({ ids }) => ids.length - SPECIAL_TOKENS);
  let at = 0;
  return lengths.map((length) => {
    const text: string[] = [];
    for (let room = length; room > 0; at = (at + 1) % words.length) {
      if ((sizes[at] as number) > room) continue;
      text.push(words[at] as string);
      room -= sizes[at] as number;
    }
    return text.join(' ');
  });
}

async function shuffledCorpus(seed: number, { log }: TextSource): Promise<string[]> {
  return shuffled([...(await readCorpus(log))], seededRandom(seed));
}

async function tokenizerOf({ modelDir }: TextSource): Promise<Tokenizer> {
  return loadTokenizer(modelDir, await readModelConfig(modelDir));
}
