/** The model's vectors of sentences: of two small collections, or of the documentation that a machine has. */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { open, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Encoder } from '../../../src/encoder/encoder.ts';
import type { Tokenizer } from '../../../src/encoder/tokenizer/tokenizer.ts';
import { encodeAll, modelTokenizer, startBareEncoder } from '../contenders/encode/bare-encoder.ts';
import { Missing } from '../trial/protocol.ts';
import { readCorpus } from './corpus.ts';
import { DATA_DIR, makeOnce } from './data-files.ts';
import { SPARE_ROWS, type VectorSet, type vectorFiles } from './data-set.ts';
import { readDocumentation } from './documentation.ts';
import { seededRandom, shuffled } from './random.ts';
import type { TextSource } from './texts.ts';
import { readUsageExamples } from './usage-examples.ts';

const BATCH_TOKENS = 2048;
/** Encoded and stored at once: some twenty seconds of work, which is all that an interruption loses. */
const BLOCK_SENTENCES = 4096;

type VectorPaths = ReturnType<typeof vectorFiles>;

/** Rows and queries are vectors of different sentences, long and short. There are too few sentences for spare rows. */
export async function writeSentenceVectors(set: VectorSet, paths: VectorPaths, source: TextSource): Promise<void> {
  const { rows, queries, dimensions } = set;
  const all = new Set([...(await readCorpus(source.log)), ...(await readUsageExamples(source.log))]);
  const sentences = shuffled([...all], seededRandom(set.seed));
  if (sentences.length < rows + queries) throw new Error(`the corpus has only ${sentences.length} sentences`);
  const { modelDir, threads } = source;
  const encoder = await startBareEncoder({ model_dir: modelDir, threads, encoder: 'onnx', precision: 'fp32' });
  const vectors = await encodeTexts(sentences.slice(0, rows + queries), encoder, await modelTokenizer(modelDir));
  await encoder.close();
  await writeFile(paths.vectors, vectors.subarray(0, rows * dimensions));
  await writeFile(paths.queries, vectors.subarray(rows * dimensions));
}

/**
 * Rows and queries are vectors of different sentences of the machine's documentation. Sets of one seed share a file, which begins with
 * the queries and grows when a set wants more rows.
 *
 * @throws Missing when the machine has too few
 */
export async function writeDocumentationVectors(set: VectorSet, paths: VectorPaths, source: TextSource): Promise<void> {
  const { rows, queries, dimensions, seed } = set;
  const path = await makeOnce('documentation.json', async (partial) => {
    await writeFile(partial, JSON.stringify(await readDocumentation(source.log)));
  });
  const json = await readFile(path, 'utf8');
  const sentences = JSON.parse(json) as string[];
  const wanted = queries + rows + SPARE_ROWS;
  if (sentences.length < wanted) {
    await rm(path); // the machine may have more the next time
    throw new Missing(
      `this machine's documentation has ${sentences.length} sentences, of ${wanted} that are needed; bench/README.md says how it gets more`,
    );
  }
  const digest = createHash('sha256').update(json).digest('hex').slice(0, 12);
  const shared = join(DATA_DIR, `documentation-${digest}-seed${seed}.f32`);
  await encodeUpTo(shuffled(sentences, seededRandom(seed)).slice(0, wanted), shared, dimensions, source);
  const rowBytes = dimensions * Float32Array.BYTES_PER_ELEMENT;
  const copy = (from: number, to: number, target: string) =>
    pipeline(createReadStream(shared, { start: from * rowBytes, end: to * rowBytes - 1 }), createWriteStream(target));
  await copy(0, queries, paths.queries);
  await copy(queries, wanted, paths.vectors);
}

/** Adds the vectors of the sentences that the file has no vectors of yet: it has those of the first ones. */
export async function encodeUpTo(
  sentences: readonly string[],
  path: string,
  dimensions: number,
  { modelDir, threads }: TextSource,
): Promise<void> {
  const rowBytes = dimensions * Float32Array.BYTES_PER_ELEMENT;
  const bytes = await stat(path).then(
    ({ size }) => size,
    () => 0,
  );
  const done = Math.floor(bytes / rowBytes);
  if (done >= sentences.length) return;
  if (bytes > 0) await truncate(path, done * rowBytes); // a killed run may have written a part of a row
  const encoder = await startBareEncoder({ model_dir: modelDir, threads, encoder: 'native', precision: 'fp32' });
  const tokenizer = await modelTokenizer(modelDir);
  const file = await open(path, 'a');
  try {
    for (let first = done; first < sentences.length; first += BLOCK_SENTENCES) {
      await file.writeFile(await encodeTexts(sentences.slice(first, first + BLOCK_SENTENCES), encoder, tokenizer));
    }
  } finally {
    await file.close();
    await encoder.close();
  }
}

/** @returns the vectors of the texts, one after another */
async function encodeTexts(texts: readonly string[], encoder: Encoder, tokenizer: Tokenizer): Promise<Float32Array> {
  const tokens = (await tokenizer.tokenize(texts)).map(({ ids }) => ids);
  const vectors = new Float32Array(texts.length * encoder.dimensions);
  for (const [i, vector] of (await encodeAll(encoder, tokens, BATCH_TOKENS)).entries()) {
    vectors.set(vector, i * encoder.dimensions);
  }
  return vectors;
}
