/** The typed face of the native vector index. */
import { CosimoError, errorCodeOf } from '../errors.ts';
import {
  type CodeScan,
  type NativeHits,
  type NativeIndexStatistics,
  type NativeVectorIndex,
  type NativeVectorIndexOptions,
  native,
} from '../native/binding.ts';

export type IndexStatistics = NativeIndexStatistics;

/**
 * Exact cosine top-k over unit vectors, keyed by the version of the document that a row belongs to. What its methods
 * take, give and throw is written at the native index; here a search is ended by a signal and not by a ticket.
 */
export class VectorIndex {
  readonly #index: NativeVectorIndex;
  #lastTicket = 0;

  constructor(options: NativeVectorIndexOptions) {
    this.#index = new native.VectorIndex(options);
  }

  get dimensions(): number {
    return this.#index.dimensions;
  }

  get memoryBytes(): number {
    return this.#index.memoryBytes;
  }

  statistics(): NativeIndexStatistics {
    return this.#index.statistics();
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
   * @param signal when it fires, the scan stops and the search rejects
   * @throws CosimoError `cancelled`
   */
  async search(query: Float32Array, topK: number, threshold: number, signal?: AbortSignal): Promise<NativeHits> {
    if (signal === undefined) return this.#index.search(query, topK, threshold);
    if (signal.aborted) throw new CosimoError('cancelled');
    this.#lastTicket += 1;
    const ticket = this.#lastTicket;
    const cancel = () => this.#index.cancel(ticket);
    const found = this.#index.search(query, topK, threshold, ticket);
    signal.addEventListener('abort', cancel, { once: true });
    try {
      return await found;
    } catch (cause) {
      throw errorCodeOf(cause) === 'cancelled' ? new CosimoError('cancelled', undefined, { cause }) : cause;
    } finally {
      signal.removeEventListener('abort', cancel);
    }
  }

  close(): void {
    this.#index.close();
  }
}

/**
 * @param threads threads of the index's own pool, on which scans run
 * @param scan how a search reads the codes of rows
 */
export function createVectorIndex(dimensions: number, threads: number, scan: CodeScan = 'auto'): VectorIndex {
  return new VectorIndex({ dimensions, threads, scan });
}
