/** The only loader of the native addon, with its hand-written interface. */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { CosimoError, errorCodeOf } from '../errors.ts';
import type { NativeEncoderKernel, NativeTransformerEncoderClass } from './transformer-encoder.ts';

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

export interface NativeCacheOptions {
  readonly dimensions: number;
  /** Everything counted: keys, vectors, tables, memory that waits for readers. */
  readonly capacityBytes: number;
  /** Entries are not found any more after so many milliseconds; 0, the default, is for ever. */
  readonly timeToLiveMs?: number;
}

/** Counted since the cache was made, by all threads together. */
export interface NativeCacheStatistics {
  readonly entries: number;
  readonly memoryBytes: number;
  /** Look-ups are exact: each is a hit or a miss. */
  readonly hits: number;
  readonly misses: number;
  readonly insertions: number;
  readonly evictions: number;
  /** Insertions of keys that had been evicted shortly before, and are kept the more dearly for it. */
  readonly readmissions: number;
  /** Vectors that were not kept: too large, no memory, or all of it waiting for a suspended reader. */
  readonly refusals: number;
}

/**
 * Text → vector, bounded in bytes, safe from every thread; looking up takes no lock. A hit compares the whole key. An
 * instance serves one model: whatever else changes a vector (revision, precision, truncation, prompt) is the same for
 * all its entries. Errors: `invalid_argument`.
 */
export interface NativeEmbeddingCache {
  readonly dimensions: number;
  readonly capacityBytes: number;
  /** Bytes held now; never above `capacityBytes`. */
  readonly memoryBytes: number;
  readonly size: number;
  statistics(): NativeCacheStatistics;
  /** The number by which another thread of the process opens this cache: `new EmbeddingCache({ shared })`. */
  share(): number;
  /** A copy of the vector, or undefined. */
  get(text: string): Float32Array | undefined;
  /** Keeps a copy; replaces an older one; silently keeps nothing where there is no room. */
  set(text: string, vector: Float32Array): void;
  /**
   * Writes the vectors of all texts into `target` from `offset` on, as `writeVectorsJson` does, straight from the
   * cache's memory. Returns the end of what was written; -1 when a text isn't there: nothing is counted then.
   */
  writeJson(texts: readonly string[], target: Uint8Array, offset: number): number;
}

export interface NativeBinding {
  /** Name of the search kernel that this process uses: `amx`, `avx512`, `avx2`, `neon-dotprod`, `neon` or `scalar`. */
  readonly kernel: string;
  /** The kernels that this machine can run, best first. */
  readonly availableKernels: readonly string[];
  /** The best encoder kernel of each precision that has one here, within what COSIMO_KERNEL allows. */
  readonly encoderKernels: readonly NativeEncoderKernel[];
  /** Every error code that the addon can throw; a subset of `errors.ts`. */
  readonly errorCodes: readonly string[];
  VectorIndex: new (options: NativeVectorIndexOptions) => NativeVectorIndex;
  EmbeddingCache: new (options: NativeCacheOptions | { readonly shared: number }) => NativeEmbeddingCache;
  TransformerEncoder: NativeTransformerEncoderClass;
  /**
   * Writes JSON of the vectors, `[…],[…]` without brackets around, into `target` from `offset` on, each float in the
   * shortest form that reads back to the same float32, and returns the end of what was written. It takes some
   * microseconds a thousand floats. Errors: `not_finite`; `invalid_argument` when a vector doesn't find
   * `vectorJsonBytes` in the target.
   */
  writeVectorsJson(vectors: readonly Float32Array[], target: Uint8Array, offset: number): number;
  /** The same text in a Buffer of its own, off the event loop. The vectors are copied before the call returns. */
  vectorsJson(vectors: readonly Float32Array[]): Promise<Buffer>;
  /** Bytes that a vector needs at most in the target of a function that writes its JSON. */
  vectorJsonBytes(dimensions: number): number;
  /**
   * Opens a shared library for the whole process and for good (`dlopen` with RTLD_NOW and RTLD_GLOBAL): libraries that
   * are opened later, on any thread, find its symbols, and find it by its own name wherever it lies. Nothing happens
   * when it is open already. Blocks while the file is mapped and its symbols are bound. Its initializers run: open
   * what you trust. Errors: `invalid_argument` with the system's reason.
   */
  openSharedLibrary(path: string): void;
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
