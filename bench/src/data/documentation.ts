/**
 * Many real English sentences: the documentation that this machine has. They are Debian's package descriptions (apt's lists), manual pages, and
 * the pages below /usr/share/doc. Machines differ in them; nothing is fetched.
 */
import { execFile } from 'node:child_process';
import { glob, readFile, stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { sentencesIn } from './sentences.ts';

const APT_HELPER = '/usr/lib/apt/apt-helper';
const LISTS = '/var/lib/apt/lists/*{_Packages,_Translation-en}*';
const MANUALS = '/usr/share/man/man*/*.gz';
const PAGES = '/usr/share/doc/**/*.html';
/** Larger pages are listings, not prose. */
const PAGE_BYTES_MAX = 4 << 20;
const SENTENCE_CHARS_MIN = 25;
const SENTENCE_CHARS_MAX = 300;
const WORDS_MIN = 4;
/** Of a sentence's characters, so many are letters and spaces; others are code or tables. */
const LETTERS_SHARE = 0.85;

const run = promisify(execFile);
const unpack = promisify(gunzip);

/** @returns distinct sentences, in an order that depends on the machine's files alone */
export async function readDocumentation(log: (line: string) => void): Promise<string[]> {
  const found = new Set<string>();
  for (const [name, paragraphs] of [
    ['package descriptions', descriptions()],
    ['manual pages', manuals()],
    ['pages', pages()],
  ] as const) {
    const before = found.size;
    for await (const paragraph of paragraphs) for (const sentence of sentencesOf(paragraph)) found.add(sentence);
    log(`${found.size - before} sentences of ${name}`);
  }
  return [...found];
}

async function* descriptions(): AsyncGenerator<string> {
  for (const path of await sortedPaths(LISTS)) {
    const { stdout } = await run(APT_HELPER, ['cat-file', path], { maxBuffer: 1 << 30 });
    yield* paragraphsOfDescriptions(stdout);
  }
}

/** A description goes on over lines that begin with a blank; a line of one full stop separates paragraphs. */
export function* paragraphsOfDescriptions(list: string): Generator<string> {
  for (const [, first = '', rest = ''] of list.matchAll(/^Description(?:-en)?: (.*)\n((?: .*\n)*)/gm)) {
    yield `${first}.`;
    yield* rest.split(/^ \.$|^ +[*+-] /m);
  }
}

async function* manuals(): AsyncGenerator<string> {
  for (const path of await sortedPaths(MANUALS)) {
    const packed = await readFile(path).catch(() => undefined); // a link may lead nowhere
    if (packed !== undefined) yield* paragraphsOfManual((await unpack(packed)).toString());
  }
}

/** Macros that change the font of their arguments, which go on in the sentence. */
const FONT_MACRO = /^\.(?:B|I|BR|RB|IR|RI|BI|IB|SM|SB|Nm|Fl|Ar|Pa|Xr|Dv|Em|Sy|Li|Ql|Cm|Va|Fa|Fn|Ev) +/;

/** Running text of roff source: macros end a paragraph, except those of FONT_MACRO that have arguments. */
export function* paragraphsOfManual(source: string): Generator<string> {
  let lines: string[] = [];
  for (const line of source.split('\n')) {
    if (FONT_MACRO.test(line)) lines.push(line.replace(FONT_MACRO, '').replaceAll('"', ''));
    else if (/^[.']/.test(line) || line.trim() === '') {
      if (lines.length > 0) yield plainRoff(lines.join(' '));
      lines = [];
    } else lines.push(line);
  }
  if (lines.length > 0) yield plainRoff(lines.join(' '));
}

function plainRoff(text: string): string {
  return text
    .replaceAll(/\\f(?:\(..|\[[^\]]*\]|.)/g, '')
    .replaceAll(/\\s[+-]?\d/g, '')
    .replaceAll(/\\\(aq|\\\[aq\]/g, "'")
    .replaceAll(/\\\((?:lq|rq|dq)|\\\[(?:lq|rq|dq)\]/g, '"')
    .replaceAll('\\-', '-')
    .replaceAll('\\e', '\\')
    .replaceAll(/\\[&|^/,%:]|\\\*\([A-Z]{2}/g, '');
}

async function* pages(): AsyncGenerator<string> {
  for (const path of await sortedPaths(PAGES)) {
    const file = await stat(path).catch(() => undefined);
    if (file?.isFile() && file.size <= PAGE_BYTES_MAX) yield* paragraphsOfPage(await readFile(path, 'utf8'));
  }
}

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', nbsp: ' ', apos: "'", '#39': "'" };

/** Text between the tags that begin or end a block. */
export function* paragraphsOfPage(html: string): Generator<string> {
  const prose = html.replaceAll(/<(script|style|pre|nav|head)\b[\s\S]*?<\/\1>/gi, '<p>');
  for (const block of prose.split(/<\/?(?:p|div|li|dd|dt|td|th|h\d|ul|ol|dl|table|tr|br|section|body)\b[^>]*>/i)) {
    const plain = block.replaceAll(/<[^>]*>/g, '').replaceAll(/&(#?\w+);/g, (_, name) => ENTITIES[name] ?? ' ');
    if (plain.length >= SENTENCE_CHARS_MIN) yield plain;
  }
}

export function* sentencesOf(paragraph: string): Generator<string> {
  for (const sentence of sentencesIn(paragraph)) if (isProse(sentence)) yield sentence;
}

function isProse(sentence: string): boolean {
  if (sentence.length < SENTENCE_CHARS_MIN || sentence.length > SENTENCE_CHARS_MAX) return false;
  const letters = sentence.match(/[\p{L} ]/gu)?.length ?? 0;
  return letters >= LETTERS_SHARE * sentence.length && sentence.split(' ').length >= WORDS_MIN;
}

async function sortedPaths(pattern: string): Promise<string[]> {
  const paths: string[] = [];
  for await (const path of glob(pattern)) paths.push(path);
  return paths.sort();
}
