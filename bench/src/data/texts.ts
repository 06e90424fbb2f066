/** Makes texts of a given length in tokens from the corpus. */
import { writeFile } from 'node:fs/promises';
import type { Tokenizer } from '../../../src/encoder/tokenizer/tokenizer.ts';
import { modelTokenizer } from '../contenders/encode/bare-encoder.ts';
import { readCorpus } from './corpus.ts';
import type { TextFile, TextSet } from './data-set.ts';
import { seededRandom, shuffled } from './random.ts';

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
  const tokenizer = await modelTokenizer(source.modelDir);
  const texts =
    set.tokens === 'mixed'
      ? sentences.slice(0, set.count)
      : await textsOfLengths(lengthsOf(set, set.tokens), sentences, tokenizer);
  if (texts.length < set.count) throw new Error(`the corpus has ${texts.length} sentences, fewer than ${set.count}`);
  const tokens = (await tokenizer.tokenize(texts)).map(({ ids }) => ids.length);
  const file: TextFile = { texts, tokens };
  await writeFile(path, JSON.stringify(file));
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
