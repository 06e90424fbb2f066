/** The body of /stats. `StatsResponse` in src/http/schemas.ts describes it for the documentation. */
import { basename } from 'node:path';
import type { EmbeddingCache } from '../cache/embedding-cache.ts';
import type { VectorIndex } from '../index/vector-index.ts';
import type { ProcessCounts } from '../metrics/thread-counts.ts';

export interface StatsParts {
  /** The name from the setting MODEL, or the folder. Its last part is shown. */
  readonly modelName: string;
  /** A description of the encoder for people: what runs where. */
  readonly encoder: string;
  /** The search kernel. */
  readonly kernel: string;
  readonly documentCount: () => number;
  readonly cache: EmbeddingCache;
  readonly index: VectorIndex;
  readonly counts: ProcessCounts;
}

export function statsOf({ modelName, encoder, kernel, documentCount, cache, index, counts }: StatsParts): object {
  const { hits, misses } = counts.lookups;
  const { memoryBytes, rowBytes, deadRows, rotatedRows, headDimensions, scan, ...scanned } = index.statistics();
  return {
    model: basename(modelName),
    index: {
      documents: documentCount(),
      memory_bytes: memoryBytes,
      row_bytes: rowBytes,
      dead_rows: deadRows,
      kernel,
      scan,
      plane_pass_share: share(scanned.planeRowsPassed, scanned.planeRows),
      rotated_rows: rotatedRows,
      head_dimensions: headDimensions,
      head_pass_share: share(scanned.headRowsPassed, scanned.headRows),
      record_pass_share: share(scanned.recordRowsPassed, scanned.headRows),
    },
    requests: counts.requests,
    cache: {
      hits,
      misses,
      hit_rate: share(hits, hits + misses),
      entries: cache.size,
      memory_bytes: cache.memoryBytes,
      capacity_bytes: cache.capacityBytes,
    },
    encoder,
  };
}

/** @returns 0 before there is anything */
function share(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
