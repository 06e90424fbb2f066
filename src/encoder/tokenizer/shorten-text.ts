/**
 * Shortens the runs of a text that a WordPiece tokenizer makes nothing of, however long they are: blanks, words longer than it
 * knows, accents, control characters. The tokens stay the same.
 */
import { type TokenizerJson, wordTokensMax } from './tokenizer-json.ts';

/** White space that the tokenizer reads as one blank. It removes U+000B, U+000C and U+0085, so those end a run here. */
const BLANKS = /[ \t\n\r\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/g;
/** Letters and digits of common scripts: each becomes at least one character of its word, whatever the tokenizer's normalizer does. */
const LETTERS =
  /[0-9A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u0400-\u0481\u3041-\u3096\u30a1-\u30fa\uac00-\ud7a3]+/g;
/** Each of these is removed throughout, or else a character of its word. */
const MARKS = /[\u0300-\u036f]+/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: texts hold them
const CONTROLS = /[\u0000-\u0008\u000e-\u001f\u007f\u00ad\u200b-\u200f\u2060-\u2064\ufeff]+/g;

/** @returns undefined when the tokenizer is of another kind, or has added tokens that may lie within such a run */
export function textShortener(json: TokenizerJson): ((text: string) => string) | undefined {
  // A longer word is the unknown token, whatever is in it.
  const wordCharsMax = wordTokensMax(json);
  const added = (json.added_tokens ?? []).map(({ content }) => content);
  if (wordCharsMax === undefined || added.some((content) => !/^[!-/:-@[-`{-~]\S*$/.test(content))) return undefined;
  // An added token may take the beginning of a run for itself.
  const kept = wordCharsMax + 1 + Math.max(0, ...added.map((content) => content.length));
  const shorten = (run: string) => (run.length > kept ? run.slice(0, kept) : run);
  return (text) =>
    [LETTERS, MARKS, CONTROLS].reduce((rest, run) => rest.replace(run, shorten), text.replace(BLANKS, ' '));
}
