/** Draws the order in which a cache's keys are looked up before the rounds, so that rounds measure the cache alone. */
import { writeFile } from 'node:fs/promises';
import { NEW_KEY, type TraceFile, type TraceSet } from './data-set.ts';
import { type Random, seededRandom, zipf } from './random.ts';

const SEQUENCE = 1 << 18;
const KEY_CHARS = 60;
/** Distinct keys of a Zipf trace for each entry that the cache holds. */
const ZIPF_KEYS_PER_ENTRY = 10;
export const ZIPF_EXPONENT = 0.9;
/** After this many look-ups of popular keys comes a bulk ingest of this many keys that are never asked for again. */
const BETWEEN_SCANS = 20_000;
const SCAN_KEYS = 5_000;
const MIXED_NEW_KEYS = 0.1;

export async function writeTrace(set: TraceSet, path: string): Promise<void> {
  const file = traceOf(set, seededRandom(set.seed));
  await writeFile(path, JSON.stringify(file));
}

export function traceOf({ operation, entries }: TraceSet, random: Random): TraceFile {
  const range = (from: number, count: number) => Array.from({ length: count }, (_, i) => from + i);
  const draw = (next: () => number) => Array.from({ length: SEQUENCE }, next);
  const anyOf = (from: number, count: number) => () => from + random.integer(count);
  const popular = (exponent: number): TraceFile => {
    const count = entries * ZIPF_KEYS_PER_ENTRY;
    return { keys: keys(count), stored: [], sequence: draw(zipf(random, count, exponent)) };
  };
  switch (operation) {
    case 'hit':
      return { keys: keys(entries), stored: range(0, entries), sequence: draw(anyOf(0, entries)) };
    case 'miss':
      return { keys: keys(2 * entries), stored: range(0, entries), sequence: draw(anyOf(entries, entries)) };
    case 'mixed': {
      const next = () => (random.uniform() < MIXED_NEW_KEYS ? NEW_KEY : random.integer(entries));
      return { keys: keys(entries), stored: range(0, entries), sequence: draw(next) };
    }
    case 'zipf':
      return popular(ZIPF_EXPONENT);
    case 'zipf-1':
      return popular(1);
    case 'scans': {
      const { sequence, ...rest } = popular(1);
      const isScan = (at: number) => at % (BETWEEN_SCANS + SCAN_KEYS) >= BETWEEN_SCANS;
      return { ...rest, sequence: sequence.map((key, at) => (isScan(at) ? NEW_KEY : key)) };
    }
  }
}

/** Distinct texts as long as a sentence, with a common beginning as texts of one kind have. */
function keys(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `what is said of number ${i} in the archive`.padEnd(KEY_CHARS, '.'));
}
