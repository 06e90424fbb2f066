/**
 * The source text of the parts of a JSON text, for values that must be given back as they came: `JSON.parse` forgets the
 * order of keys, long integers and the difference between 1 and 1.0. Every function takes text that is known to be valid
 * JSON (Python's NaN and Infinity included).
 */

/** The source of each member of an object, by key. The last member of a repeated key counts, as for parsers. */
export function memberSources(text: string): Map<string, string> {
  const members = new Map<string, string>();
  let at = skipSpace(text, 0);
  if (text[at] !== '{') return members;
  at = skipSpace(text, at + 1);
  while (text[at] === '"') {
    const keyEnd = endOfString(text, at);
    const key = JSON.parse(text.slice(at, keyEnd)) as string;
    const start = skipSpace(text, skipSpace(text, keyEnd) + 1);
    const end = endOfValue(text, start);
    members.set(key, text.slice(start, end));
    at = afterComma(text, end);
  }
  return members;
}

/** The source of each element of an array. */
export function elementSources(text: string): string[] {
  const elements: string[] = [];
  let at = skipSpace(text, 0);
  if (text[at] !== '[') return elements;
  at = skipSpace(text, at + 1);
  while (at < text.length && text[at] !== ']') {
    const end = endOfValue(text, at);
    elements.push(text.slice(at, end));
    at = afterComma(text, end);
  }
  return elements;
}

/** True when the text holds NaN or Infinity outside its strings: Python reads them, JSON has neither. */
export function hasNonFinite(text: string): boolean {
  return replaceNonFinite(text, () => '') !== text;
}

/** Replaces each NaN, Infinity and -Infinity outside strings by what `replacement` gives for it. */
export function replaceNonFinite(text: string, replacement: (token: string) => string): string {
  if (!/NaN|Infinity/.test(text)) return text;
  let result = '';
  let copied = 0;
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === '"') {
      at = endOfString(text, at) - 1;
      continue;
    }
    const token = ['NaN', 'Infinity', '-Infinity'].find((word) => text.startsWith(word, at));
    if (token === undefined) continue;
    result += text.slice(copied, at) + replacement(token);
    copied = at + token.length;
    at = copied - 1;
  }
  return result + text.slice(copied);
}

function afterComma(text: string, end: number): number {
  const at = skipSpace(text, end);
  return text[at] === ',' ? skipSpace(text, at + 1) : at;
}

function endOfValue(text: string, start: number): number {
  const first = text[start];
  if (first === '"') return endOfString(text, start);
  if (first === '{' || first === '[') return endOfContainer(text, start);
  let at = start;
  while (at < text.length && !',]} \t\n\r'.includes(text[at] as string)) at += 1;
  return at;
}

/** Counts brackets instead of recursing: depth costs no stack. */
function endOfContainer(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at += 1) {
    const character = text[at];
    if (character === '"') at = endOfString(text, at) - 1;
    else if (character === '{' || character === '[') depth += 1;
    else if ((character === '}' || character === ']') && --depth === 0) return at + 1;
  }
  return text.length;
}

function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}

export function skipSpace(text: string, start: number): number {
  let at = start;
  while (at < text.length && ' \t\n\r'.includes(text[at] as string)) at += 1;
  return at;
}
