/** The metrics of the embedding cache. Its look-ups are counted by request, in `http-metrics.ts`. */
import type { Registry } from 'prom-client';
import type { CacheStatistics } from '../cache/embedding-cache.ts';
import { type NativeMetric, registerNativeMetrics } from './native-metrics.ts';

const GAUGES: readonly NativeMetric<CacheStatistics>[] = [
  ['cosimo_cache_entries', 'Entries of the embedding cache', ({ entries }) => entries],
  ['cosimo_cache_memory_bytes', 'Memory of the embedding cache', ({ memoryBytes }) => memoryBytes],
];

const COUNTERS: readonly NativeMetric<CacheStatistics>[] = [
  ['cosimo_cache_insertions_total', 'Entries that came into the cache', ({ insertions }) => insertions],
  ['cosimo_cache_evictions_total', 'Entries that left it for want of room', ({ evictions }) => evictions],
  [
    'cosimo_cache_readmissions_total',
    'Entries that came back soon after they had left',
    ({ readmissions }) => readmissions,
  ],
  ['cosimo_cache_refusals_total', 'Vectors that were not kept', ({ refusals }) => refusals],
];

/** @param statistics of the cache; undefined before it exists */
export function registerCacheMetrics(registry: Registry, statistics: () => CacheStatistics | undefined): void {
  registerNativeMetrics(registry, statistics, { gauges: GAUGES, counters: COUNTERS });
}
