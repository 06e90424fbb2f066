/** Makes and fills Cosimo's vector index for its contenders. */
import { openSync, readSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { createVectorIndex, type VectorIndex } from '../../../../src/index/vector-index.ts';
import type { CodeScan } from '../../../../src/native/binding.ts';

/** What bench/peers/search_peer.py takes, and further fields for Cosimo alone. */
export interface SearchSpec {
  readonly operation: 'search' | 'search-beside-upserts' | 'search-beside-rotation' | 'build' | 'upsert' | 'delete';
  readonly vectors: string;
  readonly queries: string;
  readonly rows: number;
  readonly dimensions: number;
  readonly query_count: number;
  readonly top_k: number;
  readonly concurrency: number;
  readonly threads: number;
  readonly seed: number;
  readonly round_s: number;
  readonly warm_up_s: number;
  /** How the codes of rows are read; `auto` unless given. */
  readonly scan?: CodeScan;
  /** True: the `concurrency` queries run one after another instead of at once. */
  readonly in_a_row?: boolean;
  /** Rows of another kind, which an index has before the others come. */
  readonly earlier?: { readonly vectors: string; readonly rows: number };
  /** Upserts a second during searches; absent for the contender without writes. */
  readonly upserts_per_s?: number;
  /** The kernel that has to run; the best one unless given. COSIMO_KERNEL in the environment chooses it. */
  readonly kernel?: string;
}

/** Rows of a call: few enough to stay in the CPU's cache between checking and copying. */
const ROWS_AT_ONCE = 256;
/** Above the keys of all other rows, whatever replaces them. */
const FIRST_EARLIER_KEY = 2 ** 40;
/** Compaction begins a tenth of a second after the last write. */
const LOOK_MS = 300;

export const keyOf = (row: number) => row;

export const keysOf = (rows: number) => Float64Array.from({ length: rows }, (_, row) => keyOf(row));

export function readRows(path: string, first: number, rows: number, dimensions: number): Float32Array {
  const values = new Float32Array(rows * dimensions);
  const bytes = new Uint8Array(values.buffer);
  const file = openSync(path, 'r');
  // One call reads at most 2 GiB.
  for (let done = 0; done < bytes.length; ) {
    const read = readSync(file, bytes, done, Math.min(1 << 30, bytes.length - done), first * dimensions * 4 + done);
    if (read === 0) throw new Error(`${path} is too short`);
    done += read;
  }
  return values;
}

export function newIndex({ dimensions, threads, scan }: SearchSpec): VectorIndex {
  return createVectorIndex(dimensions, threads, scan);
}

/** Adds rows that are in memory. */
export function fill(index: VectorIndex, keys: Float64Array, vectors: Float32Array): void {
  const { dimensions } = index;
  for (let first = 0; first < keys.length; first += ROWS_AT_ONCE) {
    const last = Math.min(keys.length, first + ROWS_AT_ONCE);
    index.addMany(keys.subarray(first, last), vectors.subarray(first * dimensions, last * dimensions));
  }
}

/** An index at rest. */
export async function filledIndex(spec: SearchSpec): Promise<VectorIndex> {
  const index = await indexOfEarlierRows(spec);
  fillFromFile(index, keysOf(spec.rows), spec.vectors);
  await waitUntilAtRest(index);
  return index;
}

/** An index at rest of the earlier rows; of none unless there are. */
export async function indexOfEarlierRows(spec: SearchSpec): Promise<VectorIndex> {
  const index = newIndex(spec);
  if (spec.earlier === undefined) return index;
  const { vectors, rows } = spec.earlier;
  fillFromFile(
    index,
    keysOf(rows).map((key) => FIRST_EARLIER_KEY + key),
    vectors,
  );
  await waitUntilAtRest(index);
  return index;
}

/** Adds the first rows of a file, read piece by piece so that the matrix is never in memory twice. */
export function fillFromFile(index: VectorIndex, keys: Float64Array, vectors: string): void {
  const { length } = keys;
  for (let first = 0; first < length; first += ROWS_AT_ONCE) {
    const count = Math.min(ROWS_AT_ONCE, length - first);
    index.addMany(keys.subarray(first, first + count), readRows(vectors, first, count, index.dimensions));
  }
}

/**
 * Waits until the index has reclaimed dead rows and coded rows by the rotation that it learned from them: a contender may not use the
 * processor between rounds.
 */
export async function waitUntilAtRest(index: VectorIndex): Promise<void> {
  for (let moved = -1; moved !== index.statistics().movedRows || index.statistics().isRotating; ) {
    moved = index.statistics().movedRows;
    await sleep(LOOK_MS);
  }
}
