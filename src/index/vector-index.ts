/** The typed face of the native vector index. */
import {
  type CodeScan,
  type NativeHits,
  type NativeIndexStatistics,
  type NativeVectorIndex,
  type NativeVectorIndexOptions,
  native,
} from '../native/binding.ts';
import { cancelledBy } from '../native/cancellable.ts';

export type IndexStatistics = NativeIndexStatistics;

/**
 * Exact cosine top-k over unit vectors. A row's key is the version of its document. Arguments,
 * results and errors are those of NativeVectorIndex, except that a signal cancels a search, not a ticket.
 */
export class VectorIndex {
  readonly #index: NativeVectorIndex;

  constructor(options: NativeVectorIndexOptions) {
    this.#index = new native.VectorIndex(options);
  }

  get dimensions(): number {
    return this.#index.dimensions;
  }

  get memoryBytes(): number {
    return this.#index.memoryBytes;
  }

  /** Bytes to plan for `rows` rows. */
  bytesOfRows(rows: number): number {
    return this.#index.bytesOfRows(rows);
  }

  statistics(): NativeIndexStatistics {
    return this.#index.statistics();
  }

  reserve(rows: number): void {
    this.#index.reserve(rows);
  }

  add(key: number, vector: Float32Array): void {
    this.#index.add(key, vector);
  }

  addMany(keys: Float64Array, vectors: Float32Array): void {
    this.#index.addMany(keys, vectors);
  }

  remove(key: number): boolean {
    return this.#index.remove(key);
  }

  replace(oldKey: number, newKey: number, vector: Float32Array): void {
    this.#index.replace(oldKey, newKey, vector);
  }

  /**
   * @param signal cancels the search
   * @throws CosimoError `cancelled`
   */
  search(query: Float32Array, topK: number, threshold: number, signal?: AbortSignal): Promise<NativeHits> {
    return cancelledBy(signal, this.#index, (ticket) => this.#index.search(query, topK, threshold, ticket));
  }

  close(): void {
    this.#index.close();
  }
}

/**
 * @param threads size of the pool on which scans run
 * @param scan how a search reads the codes of rows
 */
export function createVectorIndex(dimensions: number, threads: number, scan: CodeScan = 'auto'): VectorIndex {
  return new VectorIndex({ dimensions, threads, scan });
}
