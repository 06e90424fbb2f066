/**
 * Shortens the runs of a text that a WordPiece tokenizer makes nothing of, however long they are: blanks, words longer than it
 * knows, accents, control characters. The tokens stay the same.
 */
import { type TokenizerJson, wordTokensMax } from './tokenizer-json.ts';

/** White space that the tokenizer reads as one blank. It removes U+000B, U+000C and U+0085, so those end a run here. */
const BLANKS = /[ \t\n\r\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/g;
/**
 * Letters and digits, each of which becomes at least one character of its word, whatever the tokenizer's normalizer does. Without
 * those that are words themselves, as ideographs are; that join to one character, as Hangul's parts do; or that stand for several.
 */
const LETTER =
  /(?![\u013f\u0140\u037a\u1100-\u11ff\u3400-\u4dbf\u4e00-\u9fff\ua960-\ua97f\ud7b0-\ud7ff\uf900-\uffff])[\p{L}\p{Nd}]/u;
/** Marks on letters: removed, or characters of the word. */
const MARK = /\p{M}/u;
/** Each of these is removed throughout, or else a character of its word. */
const MARKS = /[\u0300-\u036f]+/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: texts hold them
const CONTROL = /[\u0000-\u0008\u000e-\u001f\u007f\u00ad\u200b-\u200f\u2060-\u2064\ufeff]/;
const CONTROLS = new RegExp(`${CONTROL.source}+`, 'g');

/** @returns undefined when the tokenizer is of another kind, or has added tokens that may lie within such a run */
export function textShortener(json: TokenizerJson): ((text: string) => string) | undefined {
  // A longer word is the unknown token, whatever is in it.
  const wordCharsMax = wordTokensMax(json);
  const added = (json.added_tokens ?? []).map(({ content }) => content);
  if (wordCharsMax === undefined || added.some((content) => !/^[!-/:-@[-`{-~]\S*$/.test(content))) return undefined;
  // An added token may take the beginning of a run for itself.
  const kept = wordCharsMax + 1 + Math.max(0, ...added.map((content) => content.length));
  const shorten = (run: string) => (run.length > kept ? run.slice(0, kept) : run);
  const shortenWords = wordShortener(kept);
  return (text) =>
    [MARKS, CONTROLS].reduce((rest, run) => rest.replace(run, shorten), shortenWords(text.replace(BLANKS, ' ')));
}

const IS_LETTER = 1;
/** It may lie between letters without ending their word. */
const IS_WITHIN = 2;

/** Cuts words after `kept` letters and what lies on or between them. An expression would call back for each word, which takes seconds. */
function wordShortener(kept: number): (text: string) => string {
  const kinds = Uint8Array.from({ length: 0x10000 }, (_, unit) => {
    const character = String.fromCharCode(unit);
    if (LETTER.test(character)) return IS_LETTER;
    return MARK.test(character) || CONTROL.test(character) ? IS_WITHIN : 0;
  });
  return (text) => {
    let short = '';
    let copied = 0;
    let letters = 0;
    let cut = -1;
    for (let at = 0; at <= text.length; at += 1) {
      const kind = at < text.length ? kinds[text.charCodeAt(at)] : 0;
      if (kind === IS_LETTER) {
        letters += 1;
        if (letters === kept + 1) cut = at;
      } else if (kind === 0) {
        if (cut >= 0) {
          short += text.slice(copied, cut);
          copied = at;
          cut = -1;
        }
        letters = 0;
      }
    }
    return copied === 0 ? text : short + text.slice(copied);
  };
}
