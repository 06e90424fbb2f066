/**
 * The sentence and the offset that Python's `json.loads` gives for a text it cannot read: FastAPI answers with them.
 * Written from the observed behavior of CPython 3.11, which `test/fixtures/fastapi-cases.json` records.
 */
import { skipSpace } from './json-source.ts';

export interface JsonFault {
  readonly message: string;
  /** Code points from the start of the text. */
  readonly offset: number;
}

/** Containers deeper than this are refused: CPython gives up near its recursion limit of 1000. */
export const MAX_JSON_DEPTH = 990;

export class JsonTooDeep extends Error {}

class Fault extends Error {
  readonly at: number;
  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

/** The first fault as Python sees it; undefined when Python can read the text. Python takes NaN and Infinity. */
export function findJsonFault(text: string): JsonFault | undefined {
  try {
    const end = skipSpace(text, readValue(text, skipSpace(text, 0), 0));
    if (end !== text.length) throw new Fault('Extra data', end);
    return undefined;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { message: error.message, offset: codePoints(text, error.at) };
  }
}

function codePoints(text: string, end: number): number {
  let count = 0;
  for (let at = 0; at < end; at += (text.codePointAt(at) as number) > 0xffff ? 2 : 1) count += 1;
  return count;
}

const LITERALS = ['null', 'true', 'false', 'NaN', 'Infinity', '-Infinity'];
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?/y;

/** Each reader returns where its value ends. */
function readValue(text: string, at: number, depth: number): number {
  if (depth > MAX_JSON_DEPTH) throw new JsonTooDeep();
  switch (text[at]) {
    case '"':
      return readString(text, at);
    case '{':
      return readObject(text, at, depth);
    case '[':
      return readArray(text, at, depth);
  }
  const literal = LITERALS.find((word) => text.startsWith(word, at));
  if (literal !== undefined) return at + literal.length;
  NUMBER.lastIndex = at;
  if (NUMBER.test(text)) return NUMBER.lastIndex;
  throw new Fault('Expecting value', at);
}

function readObject(text: string, start: number, depth: number): number {
  let at = skipSpace(text, start + 1);
  if (text[at] === '}') return at + 1;
  for (;;) {
    if (text[at] !== '"') throw new Fault('Expecting property name enclosed in double quotes', at);
    at = skipSpace(text, readString(text, at));
    if (text[at] !== ':') throw new Fault("Expecting ':' delimiter", at);
    at = skipSpace(text, readValue(text, skipSpace(text, at + 1), depth + 1));
    if (text[at] === '}') return at + 1;
    if (text[at] !== ',') throw new Fault("Expecting ',' delimiter", at);
    at = skipSpace(text, at + 1);
  }
}

function readArray(text: string, start: number, depth: number): number {
  let at = skipSpace(text, start + 1);
  if (text[at] === ']') return at + 1;
  for (;;) {
    at = skipSpace(text, readValue(text, at, depth + 1));
    if (text[at] === ']') return at + 1;
    if (text[at] !== ',') throw new Fault("Expecting ',' delimiter", at);
    at = skipSpace(text, at + 1);
  }
}

function readString(text: string, start: number): number {
  let at = start + 1;
  for (;;) {
    const character = text[at];
    if (character === undefined) throw new Fault('Unterminated string starting at', start);
    if (character === '"') return at + 1;
    if (character === '\\') at = readEscape(text, at, start);
    else if (character <= '\u001f') throw new Fault('Invalid control character at', at);
    else at += 1;
  }
}

const HEX4 = /^[0-9a-fA-F]{4}$/;

function readEscape(text: string, backslash: number, stringStart: number): number {
  const kind = text[backslash + 1];
  if (kind === undefined) throw new Fault('Unterminated string starting at', stringStart);
  if (kind !== 'u') {
    if (!'"\\/bfnrt'.includes(kind)) throw new Fault('Invalid \\escape', backslash);
    return backslash + 2;
  }
  const end = backslash + 6;
  if (end >= text.length || !HEX4.test(text.slice(backslash + 2, end))) {
    throw new Fault('Invalid \\uXXXX escape', backslash + 1);
  }
  return end;
}
