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
  /** Native bytes held: rows, bookkeeping, key map. */
  readonly memoryBytes: number;
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
   */
  search(query: Float32Array, topK: number, threshold: number): Promise<NativeHits>;
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
  /** Name of the dot-product kernel that this process uses: `avx512`, `avx2`, `neon` or `scalar`. */
  readonly kernel: string;
  /** The kernels that this machine can run, best first. */
  readonly availableKernels: readonly string[];
  /** Every error code that the addon can throw; a subset of `errors.ts`. */
  readonly errorCodes: readonly string[];
  /** `threads`: size of the search pool of this index. */
  VectorIndex: new (options: {
    dimensions: number;
    threads: number;
  }) => NativeVectorIndex;
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
