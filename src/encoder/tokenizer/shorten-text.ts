/**
 * Shortens the runs of a text that a WordPiece tokenizer makes nothing of, however long they are: blanks, words longer than it
 * knows, accents, control characters. The tokens stay the same.
 */
import { type TokenizerJson, wordTokensMax } from './tokenizer-json.ts';

/** White space that the tokenizer reads as one blank. It removes U+000B, U+000C and U+0085, so those end a run here. */
const BLANKS = /[ \t\n\r\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/g;
/** Letters, digits and symbols. */
const CHARACTER = /^[\p{L}\p{N}\p{S}]+$/u;
/** Words by themselves (ASCII's symbols, U+166D, ideographs), or removed (U+FFFD). */
const WORD_BY_ITSELF = /[!-/:-@[-`{-~\u166d\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\ufffd]/;
/** First units of mathematical letters and of emoji. */
const IN_TWO_UNITS = /[\ud835\ud83c-\ud83e]/;
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

const ENDS_WORD = 0;
/** It becomes at least one character of its word, whatever the tokenizer's normalizer does. */
const IS_CHARACTER = 1;
/** The same, if its second unit follows. */
const IS_FIRST_UNIT = 2;
/** It may lie between characters without ending their word. */
const IS_WITHIN = 3;

const isSecondUnit = (unit: number) => unit >= 0xdc00 && unit <= 0xdfff;

function kindOf(code: number): number {
  const unit = String.fromCharCode(code);
  if (IN_TWO_UNITS.test(unit)) return IS_FIRST_UNIT;
  const forms = [unit, unit.toLowerCase()].map((form) => form.normalize('NFD').replace(/\p{M}/gu, ''));
  if ([unit, ...forms].every((form) => CHARACTER.test(form) && !WORD_BY_ITSELF.test(form))) return IS_CHARACTER;
  return isSecondUnit(code) || MARK.test(unit) || CONTROL.test(unit) ? IS_WITHIN : ENDS_WORD;
}

/** Cuts words after `kept` characters and what lies on or between them. An expression would call back for each word, which takes seconds. */
function wordShortener(kept: number): (text: string) => string {
  let kinds: Uint8Array | undefined; // made with the first such text: most never come
  return (text) => {
    let short = '';
    let copied = 0;
    let characters = 0;
    let cut = -1;
    kinds ??= Uint8Array.from({ length: 0x10000 }, (_, code) => kindOf(code));
    for (let at = 0; at <= text.length; at += 1) {
      const kind = at < text.length ? kinds[text.charCodeAt(at)] : ENDS_WORD;
      const isCharacter = kind === IS_CHARACTER || (kind === IS_FIRST_UNIT && isSecondUnit(text.charCodeAt(at + 1)));
      if (isCharacter) {
        characters += 1;
        if (characters === kept + 1) cut = at;
      } else if (kind !== IS_WITHIN) {
        if (cut >= 0) {
          short += text.slice(copied, cut);
          copied = at;
          cut = -1;
        }
        characters = 0;
      }
    }
    return copied === 0 ? text : short + text.slice(copied);
  };
}
