/** The typed face of the native embedding cache. */
import {
  type NativeCacheOptions,
  type NativeCacheStatistics,
  type NativeEmbeddingCache,
  native,
} from '../native/binding.ts';

/** Text → vector, bounded in bytes; an instance serves one model. */
export type EmbeddingCache = NativeEmbeddingCache;
export type CacheStatistics = NativeCacheStatistics;

export function createEmbeddingCache(options: NativeCacheOptions): EmbeddingCache {
  return new native.EmbeddingCache(options);
}

/** @param shared what `share()` gave in another thread, where the cache is still in use */
export function openEmbeddingCache(shared: number): EmbeddingCache {
  return new native.EmbeddingCache({ shared });
}
