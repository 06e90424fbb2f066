/** The typed face of the native embedding cache. */
import { type NativeEmbeddingCache, native } from '../native/binding.ts';

/** Text → vector, bounded in bytes; an instance serves one model. */
export type EmbeddingCache = NativeEmbeddingCache;

/** @param capacityBytes keys, vectors and bookkeeping; 0 keeps nothing */
export function createEmbeddingCache(dimensions: number, capacityBytes: number): EmbeddingCache {
  return new native.EmbeddingCache({ dimensions, capacityBytes });
}
