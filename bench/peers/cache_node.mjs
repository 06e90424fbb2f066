/**
 * Caches of vectors in Node: a plain Map, and lru-cache. The spec is that of bench/contenders/cache.ts, with `peer`.
 */
import { readFileSync } from 'node:fs';
import { freshKeys } from '../contenders/fresh-keys.ts';
import { timedRound, warmUp } from '../contenders/timed-round.ts';
import { Missing, serveRounds } from '../protocol.ts';
import { importPeer, versionOf } from './node_peers.mjs';

/** Operations between two looks at the clock. */
const STEP = 1024;

await serveRounds(async ({ peer, operation, trace, entries, dimensions, round_s, warm_up_s }) => {
  const { cache, versions } = await makeCache(peer, entries);
  const { keys, stored, sequence } = JSON.parse(readFileSync(trace, 'utf8'));
  const freshKey = freshKeys(keys);
  const embedding = Float32Array.from({ length: dimensions }, (_, i) => Math.sin(i));
  const storing = operation === 'mixed' || operation === 'zipf';
  // Every entry has a vector of its own, as in a service: one shared vector would always be in the processor's cache.
  for (const at of stored) cache.set(keys[at], embedding.slice());
  let next = 0;
  let [hits, lookups, used] = [0, 0, 0];
  const step = () => {
    for (let i = 0; i < STEP; i += 1) {
      const key = freshKey(sequence[next]);
      next = next + 1 === sequence.length ? 0 : next + 1;
      const vector = cache.get(key);
      if (vector !== undefined) {
        hits += 1;
        // A hit hands out a copy, as Cosimo's cache does: the caller may change it, the cache must not see that.
        used += vector.slice()[0];
      } else if (storing) cache.set(key, embedding.slice());
    }
    lookups += STEP;
    return STEP;
  };
  const round = async () => {
    [hits, lookups] = [0, 0];
    const { value } = await timedRound(round_s, step);
    return { value, extra: { hit_rate: hits / lookups, entries: cache.size } };
  };
  await warmUp(warm_up_s, round);
  // `used` is read here, so that the compiler can't drop the copies.
  return { versions, round, answers: () => (Number.isNaN(used) ? undefined : null) };
});

async function makeCache(peer, entries) {
  if (peer === 'map') return { cache: new Map(), versions: {} };
  if (peer !== 'lru-cache') throw new Missing(`There is no peer ${peer}.`);
  const { LRUCache } = await importPeer('lru-cache');
  return { cache: new LRUCache({ max: entries }), versions: { 'lru-cache': versionOf('lru-cache') } };
}
