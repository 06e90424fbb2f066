/** Turns text into token ids as sentence-transformers does: by tokenizer.json, truncated to the model's `max_seq_length`. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Tokenizer as HuggingFaceTokenizer } from 'tokenizers';
import { CosimoError } from '../../errors.ts';
import type { ModelConfig } from '../../model/model-config.ts';
import { textShortener } from './shorten-text.ts';
import { largestId, type TokenizerJson, wordTokensMax } from './tokenizer-json.ts';

export interface TokenizedText {
  /** [CLS] and [SEP] included, at most the model's `maxSeqLength`. */
  readonly ids: Int32Array;
  /** Whether the text has more tokens than these. */
  readonly truncated: boolean;
}

/** What the tokenizer puts around a text: [CLS] before it, [SEP] after it. */
export interface SpecialTokens {
  readonly prefix: readonly number[];
  readonly suffix: readonly number[];
}

export interface Tokenizer {
  readonly special: SpecialTokens;
  /** The tokens of each text. Takes well-formed text of any length. */
  tokenize(texts: readonly string[]): Promise<TokenizedText[]>;
}

/** Of a long text first a prefix is tokenized, this many characters for each wanted token; mostly that is enough. */
const PREFIX_CHARS_PER_TOKEN = 6;

/**
 * @param modelDir folder with tokenizer.json; its own truncation and padding are not used
 * @param config how many tokens the model sees, and how many it knows
 * @throws CosimoError `model_invalid`, also for a tokenizer with tokens that the model doesn't know
 */
export async function loadTokenizer(
  modelDir: string,
  config: Pick<ModelConfig, 'maxSeqLength' | 'vocabSize'>,
): Promise<Tokenizer> {
  const { tokenizer, json } = await readTokenizer(join(modelDir, 'tokenizer.json'), config.vocabSize);
  const special = await specialTokens(tokenizer);
  const { prefix, suffix } = special;
  const room = Math.max(0, config.maxSeqLength - prefix.length - suffix.length);
  const wordTokens = wordTokensMax(json);
  const shorten = textShortener(json) ?? ((text: string) => text);
  // Later tokens are cut anyway, and copying ids out of the library takes time.
  const wanted = room + (wordTokens ?? 1);
  tokenizer.setTruncation(wanted);

  async function encode(texts: readonly string[]): Promise<number[][]> {
    const bare = { addSpecialTokens: false };
    if (texts.length === 1) return [(await tokenizer.encode(texts[0] as string, null, bare)).getIds()];
    return (await tokenizer.encodeBatch([...texts], bare)).map((encoding) => encoding.getIds());
  }

  /**
   * The first ids of each text, more than `room` if the text has more. If `wordTokens` is known, only a prefix of a long text
   * is read: cutting a text changes only its last word, at most `wordTokens` tokens. If that many tokens follow the ones we
   * keep, the kept ones are right. If not, the text is shortened where nothing comes of it, and a longer prefix is read.
   */
  async function firstTokens(texts: readonly string[], prefixChars: number, isShortened = false): Promise<number[][]> {
    const isCut = (text: string) => wordTokens !== undefined && text.length > prefixChars;
    const ids = await encode(texts.map((text) => (isCut(text) ? text.slice(0, prefixChars).toWellFormed() : text)));
    const undecided = texts.flatMap((text, at) => (isCut(text) && (ids[at] as number[]).length < wanted ? [at] : []));
    if (undecided.length > 0) {
      const fewest = Math.min(...undecided.map((at) => (ids[at] as number[]).length));
      const more = await firstTokens(
        undecided.map((at) => (isShortened ? (texts[at] as string) : shorten(texts[at] as string))),
        prefixChars * growth(fewest, wanted),
        true,
      );
      undecided.forEach((at, i) => {
        ids[at] = more[i] as number[];
      });
    }
    return ids;
  }

  return {
    special,
    async tokenize(texts) {
      const tokens = await firstTokens(texts, PREFIX_CHARS_PER_TOKEN * wanted);
      return tokens.map((ids) => ({
        ids: Int32Array.from([...prefix, ...ids.slice(0, room), ...suffix]),
        truncated: ids.length > room,
      }));
    },
  };
}

/** Factor by which to lengthen a prefix that gave `found` of the `needed` tokens: a little more than their ratio, at most 4. */
function growth(found: number, needed: number): number {
  return Math.min(4, Math.max(1.25, (1.1 * needed) / found));
}

async function specialTokens(tokenizer: HuggingFaceTokenizer): Promise<SpecialTokens> {
  const bare = (await tokenizer.encode('a', null, { addSpecialTokens: false })).getIds();
  const whole = (await tokenizer.encode('a')).getIds();
  const at = whole.indexOf(bare[0] as number);
  return { prefix: whole.slice(0, at), suffix: whole.slice(at + bare.length) };
}

async function readTokenizer(
  path: string,
  vocabSize: number,
): Promise<{ tokenizer: HuggingFaceTokenizer; json: TokenizerJson }> {
  try {
    const text = await readFile(path, 'utf8');
    const json = JSON.parse(text) as TokenizerJson;
    const tokenizer = HuggingFaceTokenizer.fromString(text);
    tokenizer.disableTruncation();
    tokenizer.disablePadding();
    const [token, id] = largestId(json);
    if (id >= vocabSize) {
      const fault = `has the token ${JSON.stringify(token)} with the id ${id}, but config.json's vocab_size is ${vocabSize}`;
      throw new CosimoError('model_invalid', `${path} ${fault}: it belongs to another model.`);
    }
    return { tokenizer, json };
  } catch (cause) {
    if (cause instanceof CosimoError) throw cause;
    throw new CosimoError('model_invalid', `${path} cannot be read: ${(cause as Error).message}`, { cause });
  }
}
