/** Rounds of look-ups in the order of a trace: the same loop for every cache. */
import { readFileSync } from 'node:fs';
import { NEW_KEY, type TraceFile } from '../../data/data-set.ts';
import type { Work } from '../../trial/protocol.ts';
import { timedRound, warmUp } from '../timed-round.ts';

export interface CacheSpec {
  readonly operation: 'hit' | 'miss' | 'mixed' | 'zipf' | 'zipf-1' | 'scans';
  /** A round plays the whole trace; its value is the hit rate in percent. */
  readonly hit_rate?: boolean;
  readonly trace: string;
  readonly entries: number;
  readonly dimensions: number;
  readonly round_s: number;
  readonly warm_up_s: number;
}

/** A cache that copies vectors in and out, because a caller may change its own. */
export interface CopyingCache {
  readonly get: (key: string) => Float32Array | undefined;
  readonly set: (key: string, vector: Float32Array) => void;
  readonly size: () => number;
}

/** Operations between two looks at the clock. */
const STEP = 1024;

export const evicts = ({ operation }: CacheSpec) => operation !== 'hit' && operation !== 'miss';

/** Bytes of `entries` texts and vectors without bookkeeping: the capacity at which hit rates are compared. */
export function capacityFor({ trace, entries, dimensions }: CacheSpec): number {
  return entries * (Buffer.byteLength(readTrace(trace).keys[0] ?? '') + dimensions * Float32Array.BYTES_PER_ELEMENT);
}

export const readTrace = (path: string) => JSON.parse(readFileSync(path, 'utf8')) as TraceFile;

/** Stores the trace's initial keys and warms up. A round's value is look-ups a second; `hit_rate` is a further figure. */
export async function traceWork(spec: CacheSpec, cache: CopyingCache): Promise<Work> {
  const { keys, stored, sequence } = readTrace(spec.trace);
  const freshKey = freshKeys(keys);
  const vector = Float32Array.from({ length: spec.dimensions }, (_, i) => Math.sin(i));
  const storing = evicts(spec);
  for (const at of stored) cache.set(keys[at] as string, vector);
  let next = 0;
  let newKeys = 0;
  const newKey = () => `a text that nobody has asked for before, number ${newKeys++}`;
  let [hits, lookups, used] = [0, 0, 0];
  const step = () => {
    for (let i = 0; i < STEP; i += 1) {
      const at = sequence[next] as number;
      const key = at === NEW_KEY ? newKey() : freshKey(at);
      next = next + 1 === sequence.length ? 0 : next + 1;
      const found = cache.get(key);
      if (found !== undefined) {
        hits += 1;
        used += found[0] as number;
      } else if (storing) cache.set(key, vector);
    }
    lookups += STEP;
    return STEP;
  };
  const round = async () => {
    [hits, lookups] = [0, 0];
    const { value } = await timedRound(spec.round_s, step);
    return { value, extra: { hit_rate: hits / lookups, entries: cache.size() } };
  };
  const whole = () => {
    [hits, lookups] = [0, 0];
    while (lookups < sequence.length) step();
    return { value: (100 * hits) / lookups, extra: { entries: cache.size() } };
  };
  if (spec.hit_rate) {
    whole(); // until the cache is full of popular keys
    return { round: whole };
  }
  await warmUp(spec.warm_up_s, round);
  // `used` is read here, so that the compiler can't drop the copies.
  return { round, answers: () => (Number.isNaN(used) ? { vectors: [] } : null) };
}

/** A key as a service gets it: a new string, whose hash V8 has not computed yet. */
function freshKeys(keys: readonly string[]): (at: number) => string {
  const bytes = keys.map((key) => Buffer.from(key, 'latin1'));
  return (at) => (bytes[at] as Buffer).toString('latin1');
}
