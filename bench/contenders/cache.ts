/** Cosimo's embedding cache as JavaScript sees it. */
import { readFileSync } from 'node:fs';
import { createEmbeddingCache } from '../../src/cache/embedding-cache.ts';
import type { TraceFile } from '../data/data-set.ts';
import { serveRounds } from '../protocol.ts';
import { freshKeys } from './fresh-keys.ts';
import { timedRound, warmUp } from './timed-round.ts';

/** The same that bench/peers/cache_node.mjs takes. */
interface CacheSpec {
  readonly operation: 'hit' | 'miss' | 'mixed' | 'zipf';
  readonly trace: string;
  readonly entries: number;
  readonly dimensions: number;
  readonly round_s: number;
  readonly warm_up_s: number;
}

/** What an entry of a key of the trace takes beside its vector: key, node, bookkeeping, a share of the table. */
const ENTRY_OVERHEAD_BYTES = 260;
const AMPLE = 4;
const STEP = 1024;

await serveRounds<CacheSpec>(async (spec) => {
  const { operation, entries, dimensions, round_s } = spec;
  const { keys, stored, sequence } = JSON.parse(readFileSync(spec.trace, 'utf8')) as TraceFile;
  const vector = new Float32Array(dimensions).fill(1 / Math.sqrt(dimensions));
  // For traces that evict, room for about as many entries as the peers are given; otherwise for all of them and more.
  const bytes = entries * (dimensions * 4 + ENTRY_OVERHEAD_BYTES);
  const evicts = operation === 'mixed' || operation === 'zipf';
  const cache = createEmbeddingCache(dimensions, evicts ? bytes : AMPLE * bytes);
  for (const at of stored) cache.set(keys[at] as string, vector);
  const freshKey = freshKeys(keys);
  let next = 0;
  let [hits, lookups] = [0, 0];
  const step = () => {
    for (let i = 0; i < STEP; i += 1) {
      const key = freshKey(sequence[next] as number);
      next = next + 1 === sequence.length ? 0 : next + 1;
      if (cache.get(key) !== undefined) hits += 1;
      else if (evicts) cache.set(key, vector);
    }
    lookups += STEP;
    return STEP;
  };
  const round = async () => {
    [hits, lookups] = [0, 0];
    const { value } = await timedRound(round_s, step);
    return { value, extra: { hit_rate: hits / lookups, entries: cache.size } };
  };
  await warmUp(spec.warm_up_s, round);
  return { round };
});
