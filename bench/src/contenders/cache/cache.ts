/** Cosimo's embedding cache as JavaScript sees it. */
import { createEmbeddingCache } from '../../../../src/cache/embedding-cache.ts';
import type { NativeEmbeddingCache } from '../../../../src/native/binding.ts';
import { serveRounds, type Work } from '../../trial/protocol.ts';
import { type CacheSpec, capacityFor, evicts, readTrace, traceWork } from './trace-rounds.ts';

const AMPLE_BYTES_PER_ENTRY = 8192;

await serveRounds<CacheSpec>((spec) => {
  if (spec.hit_rate)
    return workOf(spec, createEmbeddingCache({ dimensions: spec.dimensions, capacityBytes: capacityFor(spec) }));
  const ample = createEmbeddingCache({
    dimensions: spec.dimensions,
    capacityBytes: spec.entries * AMPLE_BYTES_PER_ENTRY,
  });
  // When a trace evicts, the capacity is the memory that the peers' number of entries takes.
  const cache = evicts(spec)
    ? createEmbeddingCache({ dimensions: spec.dimensions, capacityBytes: bytesOfEntries(spec, ample) })
    : ample;
  return workOf(spec, cache);
});

function workOf(spec: CacheSpec, cache: NativeEmbeddingCache): Promise<Work> {
  return traceWork(spec, {
    get: (key) => cache.get(key),
    set: (key, vector) => cache.set(key, vector),
    size: () => cache.size,
  });
}

function bytesOfEntries({ trace, entries, dimensions }: CacheSpec, ample: NativeEmbeddingCache): number {
  const vector = new Float32Array(dimensions).fill(1);
  for (const key of readTrace(trace).keys.slice(0, entries)) ample.set(key, vector);
  return ample.memoryBytes;
}
