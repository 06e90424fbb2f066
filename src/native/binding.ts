/** The only loader of the native addon, with its hand-written interface. */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { CosimoError, errorCodeOf } from '../errors.ts';
import type { NativeEncoderKernel, NativeTransformerEncoderClass } from './transformer-encoder.ts';

/** The hits of one search, best first; `keys[i]` belongs to `scores[i]`. */
export interface NativeHits {
  /** Row keys (non-negative integers below 2^53). */
  readonly keys: Float64Array;
  /** Inner products with the query, rounded once from double to float32; all finite. */
  readonly scores: Float32Array;
}

/**
 * How a scan reads the codes of rows. Codes of rows as they are (`plain`): the upper plane first (`planes`), or both planes at
 * once (`bytes`). Or codes of `rotated` rows. `auto` takes whichever costs less on the rows, `plain` the better of the first two.
 */
export type CodeScan = 'auto' | 'planes' | 'bytes' | 'plain' | 'rotated';

/** Counted since the index was made. A scan is one pass over all rows for all searches that waited for it. */
export interface NativeIndexStatistics {
  /** Live rows. */
  readonly rows: number;
  /** Removed or replaced rows whose memory compaction has not freed yet. */
  readonly deadRows: number;
  /** Bytes of the live rows as plain float32, to compare `memoryBytes` with. */
  readonly rowBytes: number;
  /** Native bytes held now: rows, codes, bookkeeping, key map, and chunks that running searches still read. */
  readonly memoryBytes: number;
  /** Rows that compaction has moved. */
  readonly movedRows: number;
  /** Rows whose codes are of the rotated row, in full chunks; the dead ones of these chunks count, too. */
  readonly rotatedRows: number;
  /** Rotations that were adopted, and how many dimensions of a rotated row are its head now; 0 without a rotation. */
  readonly rotations: number;
  readonly headDimensions: number;
  /** Whether a rotation is being judged or learned, or rows are being coded by it. */
  readonly isRotating: boolean;
  readonly searches: number;
  readonly scans: number;
  /** Pairs of row and query that were bounded by the upper plane first, and those that it let pass. */
  readonly planeRows: number;
  readonly planeRowsPassed: number;
  /** Pairs that were bounded by both planes at once. */
  readonly byteRows: number;
  /** Pairs that were bounded by the head of the rotated row, those that it let pass, and those that the record did, too, or that were scored first by their heads alone. */
  readonly headRows: number;
  readonly headRowsPassed: number;
  readonly recordRowsPassed: number;
  /** Pairs that were scored exactly. */
  readonly scoredRows: number;
  /** Bytes of codes and rows that scans read: once for searches that are bounded together, else for each. */
  readonly readBytes: number;
  /** How a scan for a few queries would read most codes now. */
  readonly scan: 'planes' | 'bytes' | 'rotated';
}

export interface NativeVectorIndexOptions {
  readonly dimensions: number;
  /** Size of the search pool of this index. */
  readonly threads: number;
  /** Default `auto`. Unless this is `planes`, a scan for four queries or more goes by bytes. */
  readonly scan?: CodeScan;
}

/**
 * Exact inner-product top-k over float32 rows. For unit vectors the inner product is the cosine.
 * One thread writes (`add`, `addMany`, `remove`, `replace`). Searches run at the same time on the addon's own threads; each sees
 * the index as it was at one moment, never half a change.
 * Errors: `invalid_argument`, `not_finite`, `out_of_memory`, `closed`.
 */
export interface NativeVectorIndex {
  readonly dimensions: number;
  /** Live rows. */
  readonly size: number;
  /** The same as in `statistics()`. */
  readonly memoryBytes: number;
  /** Bytes to plan for `rows` rows of this index: the most that they take in full chunks. */
  bytesOfRows(rows: number): number;
  statistics(): NativeIndexStatistics;
  /**
   * Takes the memory of `rows` further rows now, so that adding them lacks at most a few kB for lists. A second call counts
   * anew: pass all rows that are to come.
   */
  reserve(rows: number): void;
  /** Adds a row under a new key; `invalid_argument` when there is a row of that key. The vector is copied. */
  add(key: number, vector: Float32Array): void;
  /** Adds rows in one step. `vectors` holds `keys.length × dimensions` floats, row after row. */
  addMany(keys: Float64Array, vectors: Float32Array): void;
  /** Removes a row; false when no row has that key. */
  remove(key: number): boolean;
  /** Removes `oldKey` and adds `newKey` in one step: a search sees exactly one of the two rows. */
  replace(oldKey: number, newKey: number, vector: Float32Array): void;
  /**
   * The rows with the highest `score >= threshold`, `topK` at most, highest first, ties by the smaller key.
   * The query is copied before the call returns. The scan runs on the index's own threads, not on libuv's.
   * @param ticket a number above 0 that `cancel` takes to end this search; unique among the searches under way
   */
  search(query: Float32Array, topK: number, threshold: number, ticket?: number): Promise<NativeHits>;
  /** Rejects a search under way with `cancelled`; does nothing when it has ended. */
  cancel(ticket: number): void;
  /** Rejects waiting searches with `closed` and frees the memory once running ones have ended. Idempotent. */
  close(): void;
}

export interface NativeCacheOptions {
  readonly dimensions: number;
  /** Most bytes of everything: keys, vectors, tables, and memory that waits for readers. */
  readonly capacityBytes: number;
  /** An entry that is older is not found any more; 0, the default, sets no age. */
  readonly timeToLiveMs?: number;
}

/** Counted since the cache was made, by all threads together. */
export interface NativeCacheStatistics {
  readonly entries: number;
  readonly memoryBytes: number;
  /** Each look-up counts as a hit or as a miss, exactly once. */
  readonly hits: number;
  readonly misses: number;
  readonly insertions: number;
  readonly evictions: number;
  /** Insertions of keys that were evicted shortly before; they start in the main queue of S3-FIFO. */
  readonly readmissions: number;
  /** Vectors that were not kept: too large, no memory, or all memory waits for a suspended reader. */
  readonly refusals: number;
}

/**
 * Text → vector, bounded in bytes, safe from every thread. Looking up takes no lock. A hit compares the whole text. All
 * entries come from one model with the same revision, precision, truncation and prompt, since the key does not name them.
 * Errors: `invalid_argument`.
 */
export interface NativeEmbeddingCache {
  readonly dimensions: number;
  readonly capacityBytes: number;
  /** Bytes held now; never above `capacityBytes`. */
  readonly memoryBytes: number;
  readonly size: number;
  statistics(): NativeCacheStatistics;
  /** A number that another thread of the process takes to open this cache: `new EmbeddingCache({ shared })`. */
  share(): number;
  /** A copy of the vector, or undefined. */
  get(text: string): Float32Array | undefined;
  /** Keeps a copy in place of an older one. Without room it keeps nothing and counts a refusal. */
  set(text: string, vector: Float32Array): void;
  /**
   * Writes the vectors of all texts into `target` from `offset` on, as `writeVectorsJson` does, straight from the
   * cache's memory. Returns the offset after the last byte written. When a text is not in the cache, returns -1 and
   * counts nothing.
   */
  writeJson(texts: readonly string[], target: Uint8Array, offset: number): number;
}

export interface NativeBinding {
  /** The family of kernels that this process uses: `amx`, `avx512`, `avx2`, `neon-dotprod`, `neon` or `scalar`. */
  readonly kernel: string;
  /** The families that this machine can run, best first. */
  readonly availableKernels: readonly string[];
  /** For each precision that can run here, the best encoder kernel that COSIMO_KERNEL allows. */
  readonly encoderKernels: readonly NativeEncoderKernel[];
  /** Whether the CPU has AMX's tiles for bfloat16 and the system lets no process, or not this one, use them. */
  readonly tilesRefused: boolean;
  /** Every error code that the addon can throw; a subset of `errors.ts`. */
  readonly errorCodes: readonly string[];
  VectorIndex: new (options: NativeVectorIndexOptions) => NativeVectorIndex;
  EmbeddingCache: new (options: NativeCacheOptions | { readonly shared: number }) => NativeEmbeddingCache;
  TransformerEncoder: NativeTransformerEncoderClass;
  /**
   * Writes the vectors as JSON, `[…],[…]` without outer brackets, into `target` from `offset` on. Each float has the
   * shortest text that reads back as the same float32. Returns the offset after the last byte written. Takes some
   * microseconds for a thousand floats. Errors: `not_finite`; `invalid_argument` when the target has less than
   * `vectorJsonBytes` left for a vector.
   */
  writeVectorsJson(vectors: readonly Float32Array[], target: Uint8Array, offset: number): number;
  /** The same text in a new Buffer, written off the event loop. The vectors are copied before the call returns. */
  vectorsJson(vectors: readonly Float32Array[]): Promise<Buffer>;
  /** Bytes that the JSON of one vector and its comma take at most. */
  vectorJsonBytes(dimensions: number): number;
  /**
   * Opens a shared library for the whole process and for good (`dlopen` with RTLD_NOW and RTLD_GLOBAL). Libraries that
   * are opened later, on any thread, find its symbols, and find the library itself by its name, wherever it lies. Does
   * nothing when it is open already. Blocks while the file is mapped and its symbols are bound. Its initializers run:
   * open only what you trust. Errors: `invalid_argument` with the system's reason.
   */
  openSharedLibrary(path: string): void;
  /**
   * Locks an open file or folder for this process (`flock`). The lock ends when the file is closed, at the latest with the process.
   * Returns false when it is locked already, even by another descriptor of this process. Errors: `invalid_argument`
   * with the system's reason, as on file systems without locks.
   */
  lockFile(descriptor: number): boolean;
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
      { cause },
    );
  }
}

export const native: NativeBinding = load();
