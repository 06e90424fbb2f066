/** Cosimo's embedding cache as JavaScript sees it. */
import { createEmbeddingCache } from '../../src/cache/embedding-cache.ts';
import { serveRounds } from '../protocol.ts';
import { type CacheSpec, evicts, traceWork } from './trace-work.ts';

/** What an entry of a key of the trace takes beside its vector: key, node, bookkeeping, a share of the table. */
const ENTRY_OVERHEAD_BYTES = 260;
const AMPLE = 4;

await serveRounds<CacheSpec>((spec) => {
  const { entries, dimensions } = spec;
  // For traces that evict, room for about as many entries as the peers are given; otherwise for all of them and more.
  const bytes = entries * (dimensions * Float32Array.BYTES_PER_ELEMENT + ENTRY_OVERHEAD_BYTES);
  const cache = createEmbeddingCache(dimensions, evicts(spec) ? bytes : AMPLE * bytes);
  return traceWork(spec, {
    get: (key) => cache.get(key),
    set: (key, vector) => cache.set(key, vector),
    size: () => cache.size,
  });
});
