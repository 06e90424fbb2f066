/** Text → token ids as sentence-transformers makes them: tokenizer.json decides, the model's `max_seq_length` truncates. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Tokenizer as HuggingFaceTokenizer } from 'tokenizers';
import { CosimoError } from '../errors.ts';

export interface Tokenizer {
  /** Token ids of each text, [CLS] and [SEP] included, at most `maxSeqLength`. Takes well-formed text of any length. */
  tokenize(texts: readonly string[]): Promise<Int32Array[]>;
}

/** Characters that are looked at first; most truncated texts need no more. */
const PREFIX_CHARS = 8192;

/**
 * @param modelDir folder with tokenizer.json; its own truncation and padding are not used
 * @throws CosimoError `model_invalid`
 */
export async function loadTokenizer(modelDir: string, maxSeqLength: number): Promise<Tokenizer> {
  const { tokenizer, wordTokensMax } = await readTokenizer(join(modelDir, 'tokenizer.json'));
  const { prefix, suffix } = await specialTokens(tokenizer);
  const room = maxSeqLength - prefix.length - suffix.length;
  const encode = async (texts: readonly string[]) => {
    const encodings = await tokenizer.encodeBatch([...texts], { addSpecialTokens: false });
    return encodings.map((encoding) => encoding.getIds());
  };

  /**
   * The first `room` ids of each text, without reading all of a long one. WordPiece works word by word and gives a word at
   * most `wordTokensMax` tokens, so cutting a text changes the tokens of its last word alone: when that many are left over
   * behind the room, those in the room are the whole text's.
   */
  async function firstTokens(texts: readonly string[], prefixChars: number): Promise<number[][]> {
    const ids = await encode(
      texts.map((text) => (text.length > prefixChars ? text.slice(0, prefixChars).toWellFormed() : text)),
    );
    const undecided = texts.flatMap((text, at) =>
      text.length > prefixChars && (ids[at] as number[]).length < room + wordTokensMax ? [at] : [],
    );
    if (undecided.length > 0) {
      const more = await firstTokens(
        undecided.map((at) => texts[at] as string),
        prefixChars * 4,
      );
      undecided.forEach((at, i) => {
        ids[at] = more[i] as number[];
      });
    }
    return ids.map((tokens) => tokens.slice(0, room));
  }

  return {
    async tokenize(texts) {
      const ids = await firstTokens(texts, PREFIX_CHARS);
      return ids.map((tokens) => Int32Array.from([...prefix, ...tokens, ...suffix]));
    },
  };
}

/** What the tokenizer puts around a text: [CLS] before, [SEP] behind. */
async function specialTokens(tokenizer: HuggingFaceTokenizer): Promise<{ prefix: number[]; suffix: number[] }> {
  const bare = (await tokenizer.encode('a', null, { addSpecialTokens: false })).getIds();
  const whole = (await tokenizer.encode('a')).getIds();
  const at = whole.indexOf(bare[0] as number);
  return { prefix: whole.slice(0, at), suffix: whole.slice(at + bare.length) };
}

async function readTokenizer(path: string): Promise<{ tokenizer: HuggingFaceTokenizer; wordTokensMax: number }> {
  try {
    const text = await readFile(path, 'utf8');
    const { model } = JSON.parse(text) as { model?: { type?: string; max_input_chars_per_word?: number } };
    if (model?.type !== 'WordPiece') {
      throw new CosimoError('model_invalid', `${path} holds a ${model?.type} tokenizer; Cosimo serves WordPiece ones.`);
    }
    const tokenizer = HuggingFaceTokenizer.fromString(text);
    tokenizer.disableTruncation();
    tokenizer.disablePadding();
    return { tokenizer, wordTokensMax: model.max_input_chars_per_word ?? 100 };
  } catch (cause) {
    if (cause instanceof CosimoError) throw cause;
    throw new CosimoError('model_invalid', `${path} cannot be read: ${(cause as Error).message}`, { cause });
  }
}
