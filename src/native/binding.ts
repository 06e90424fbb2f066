/** The only loader of the native addon, with its hand-written interface. */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { CosimoError, errorCodeOf } from '../errors.ts';

/** The hits of one search, best first; `keys[i]` goes with `scores[i]`. */
export interface NativeHits {
  /** Row keys (non-negative integers below 2^53). */
  readonly keys: Float64Array;
  /** Inner products with the query, rounded once from double to float32; all finite. */
  readonly scores: Float32Array;
}

/** How a search reads the codes of rows: the upper plane first, both planes at once, or what costs less just now. */
export type CodeScan = 'auto' | 'planes' | 'bytes';

/** Counted since the index was made; a scan is one pass over all rows for all searches that wait together. */
export interface NativeIndexStatistics {
  /** Live rows. */
  readonly rows: number;
  /** Rows that are removed or replaced and whose memory compaction has not brought back yet. */
  readonly deadRows: number;
  /** Bytes of the live rows as plain float32: what `memoryBytes` is to be compared with. */
  readonly rowBytes: number;
  /** Native bytes held now: rows, codes, bookkeeping, key map, and chunks that running searches still read. */
  readonly memoryBytes: number;
  /** Rows that compaction has moved. */
  readonly movedRows: number;
  readonly searches: number;
  readonly scans: number;
  /** Pairs of row and query that were bounded by the upper plane first, and those that it let pass. */
  readonly planeRows: number;
  readonly planeRowsPassed: number;
  /** Pairs that were bounded by both planes at once. */
  readonly byteRows: number;
  /** Pairs that were scored exactly. */
  readonly scoredRows: number;
  /** How the last scan with few queries read most of its rows; `planes` before the first. */
  readonly scan: 'planes' | 'bytes';
}

export interface NativeVectorIndexOptions {
  readonly dimensions: number;
  /** Size of the search pool of this index. */
  readonly threads: number;
  /** Default `auto`. Many queries at once are scanned by bytes whatever this says, but for `planes`. */
  readonly scan?: CodeScan;
}

/**
 * Exact inner-product top-k over float32 rows. Give it unit vectors and the inner product is the cosine.
 * Single writer: `add`, `addMany`, `remove` and `replace` are called from one thread; searches run beside them on the
 * addon's own threads and see the index as it was at one moment, never half a change.
 * Errors: `invalid_argument`, `not_finite`, `out_of_memory`, `closed`.
 */
export interface NativeVectorIndex {
  readonly dimensions: number;
  /** Live rows. */
  readonly size: number;
  /** As in `statistics()`. */
  readonly memoryBytes: number;
  statistics(): NativeIndexStatistics;
  /** Adds a row under a new key (`invalid_argument` when the key is live already). The vector is copied. */
  add(key: number, vector: Float32Array): void;
  /** Adds `keys.length` rows at once; `vectors` holds them one after another, `keys.length × dimensions` floats. */
  addMany(keys: Float64Array, vectors: Float32Array): void;
  /** Removes a row; false when there is none of that key. */
  remove(key: number): boolean;
  /** Removes `oldKey` and adds `newKey` in one published step: a search sees the one or the other. */
  replace(oldKey: number, newKey: number, vector: Float32Array): void;
  /**
   * The at most `topK` rows with the highest `score >= threshold`, highest first, ties by the smaller key.
   * The query is copied before the call returns; the scan runs off the event loop and off libuv's pool.
   * @param ticket a number above 0 by which `cancel` can end this search; no two searches under way share one
   */
  search(query: Float32Array, topK: number, threshold: number, ticket?: number): Promise<NativeHits>;
  /** Rejects a search under way with `cancelled` and frees its place; nothing happens when it has ended. */
  cancel(ticket: number): void;
  /** Rejects what waits with `closed`, frees the memory once running searches have ended. Idempotent. */
  close(): void;
}

/**
 * Text → vector, bounded in bytes, safe from every thread. A hit compares the whole key. An instance serves one model:
 * whatever else changes a vector (revision, precision, truncation, prompt) is the same for all its entries.
 */
export interface NativeEmbeddingCache {
  readonly dimensions: number;
  readonly capacityBytes: number;
  /** Bytes held now, keys and bookkeeping included; never above `capacityBytes`. */
  readonly memoryBytes: number;
  readonly size: number;
  /** A copy of the vector, or undefined. */
  get(text: string): Float32Array | undefined;
  /** Keeps a copy; replaces an older one; silently keeps nothing when the entry alone would pass the capacity. */
  set(text: string, vector: Float32Array): void;
}

export interface NativeBinding {
  /** Name of the search kernel that this process uses: `amx`, `avx512`, `avx2`, `neon-dotprod`, `neon` or `scalar`. */
  readonly kernel: string;
  /** The kernels that this machine can run, best first. */
  readonly availableKernels: readonly string[];
  /** Every error code that the addon can throw; a subset of `errors.ts`. */
  readonly errorCodes: readonly string[];
  VectorIndex: new (options: NativeVectorIndexOptions) => NativeVectorIndex;
  EmbeddingCache: new (options: { dimensions: number; capacityBytes: number }) => NativeEmbeddingCache;
  /**
   * JSON text of the vectors, `[[…],[…]]`, each float in the shortest form that reads back to the same float32.
   * Written off the event loop; the arrays must not be changed until the promise settles. Rejects `not_finite`.
   */
  writeVectorsJson(vectors: readonly Float32Array[]): Promise<Buffer>;
}

const ADDON = fileURLToPath(new URL('../../build/Release/cosimo.node', import.meta.url));

function load(): NativeBinding {
  try {
    return createRequire(import.meta.url)(ADDON) as NativeBinding;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const code = errorCodeOf(cause);
    if (code !== undefined) throw new CosimoError(code, reason, { cause }); // COSIMO_KERNEL names no kernel of this machine
    throw new CosimoError(
      'addon_missing',
      `The native addon could not be loaded: ${reason}. Run \`npm run build:native\`.`,
      {
        cause,
      },
    );
  }
}

export const native: NativeBinding = load();
