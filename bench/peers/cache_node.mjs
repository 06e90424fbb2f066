/** Caches of vectors in Node: a plain Map, and lru-cache. The spec is that of bench/src/contenders/cache/cache.ts, with `peer`. */
import { capacityFor, traceWork } from '../src/contenders/cache/trace-rounds.ts';
import { Missing, serveRounds } from '../src/trial/protocol.ts';
import { importPeer, versionOf } from './node_peers.mjs';

await serveRounds(async (spec) => {
  const { cache, versions } = await makeCache(spec);
  const work = await traceWork(spec, {
    get: (key) => cache.get(key)?.slice(),
    set: (key, vector) => void cache.set(key, vector.slice()),
    size: () => cache.size,
  });
  return { ...work, versions };
});

/** @returns a cache of references */
async function makeCache(spec) {
  const { peer, entries, hit_rate } = spec;
  if (peer === 'map') return { cache: new Map(), versions: {} };
  if (peer !== 'lru-cache') throw new Missing(`There is no peer ${peer}.`);
  const { LRUCache } = await importPeer('lru-cache');
  // Hit rates are compared at the same bytes, without the bookkeeping of lru-cache; speeds at the same number of entries.
  const sizeCalculation = (vector, key) => Buffer.byteLength(key) + vector.byteLength;
  const room = hit_rate ? { maxSize: capacityFor(spec), sizeCalculation } : { max: entries };
  return { cache: new LRUCache(room), versions: { 'lru-cache': versionOf('lru-cache') } };
}
