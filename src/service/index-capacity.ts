/** Decides whether the index may take another document. Pending writes count too. */
import { CosimoError } from '../errors.ts';
import type { VectorIndex } from '../index/vector-index.ts';
import type { DocumentStore } from '../store/document-store.ts';

export interface IndexCapacityParts {
  readonly store: Pick<DocumentStore, 'documents' | 'has'>;
  readonly index: Pick<VectorIndex, 'bytesOfRows' | 'memoryBytes'>;
  /** MAX_DOCUMENTS; Infinity for no limit. */
  readonly documentsMax: number;
  /** MAX_INDEX_BYTES. */
  readonly bytesMax: number;
}

interface PendingId {
  writes: number;
  /** The store lacks the id, so a write of it will add a document. */
  isNew: boolean;
}

/**
 * A write is admitted before anything is done for it, and released once it has failed or is applied. The documents of the
 * store and the new ids of pending writes together never exceed `documentsMax`. Call `stored` and `deleted` in the order of the commits.
 */
export class IndexCapacity {
  readonly #parts: IndexCapacityParts;
  readonly #ids = new Map<string, PendingId>();
  #writes = 0;
  #newIds = 0;
  /** Counted here instead of asking the store, so that it changes together with the new ids of pending writes. */
  #documents: number;

  constructor(parts: IndexCapacityParts) {
    this.#parts = parts;
    this.#documents = parts.store.documents;
  }

  /** Writes under way. */
  get writes(): number {
    return this.#writes;
  }

  /** @throws CosimoError `index_full` when the documents of the store don't fit */
  requireRoomForStore(): void {
    const { index, documentsMax, bytesMax } = this.#parts;
    const held = `The document store holds ${this.#documents} documents`;
    if (this.#documents > documentsMax)
      throw new CosimoError('index_full', `${held}, more than MAX_DOCUMENTS=${documentsMax}: raise it.`);
    if (!this.#hasBytesFor(this.#documents)) {
      const needed = index.bytesOfRows(this.#documents);
      throw new CosimoError(
        'index_full',
        `${held}, for which the index needs ${needed} bytes, and it may take ${bytesMax}: raise MAX_INDEX_BYTES.`,
      );
    }
  }

  /** @throws CosimoError `index_full` when the index can't take that many more rows */
  requireBytesFor(rows: number): void {
    if (this.#hasBytesFor(rows)) return;
    throw new CosimoError(
      'index_full',
      `The index may take no more than ${this.#parts.bytesMax} bytes of memory; delete documents or raise MAX_INDEX_BYTES`,
    );
  }

  /**
   * Replacing a document needs a row too: the old one goes once the new one is there.
   * @throws CosimoError `index_full`
   */
  admit(id: string): void {
    const { store, documentsMax } = this.#parts;
    this.requireBytesFor(this.#writes + 1);
    let pending = this.#ids.get(id);
    if (pending === undefined) {
      pending = { writes: 0, isNew: !store.has(id) };
      if (pending.isNew && this.#documents + this.#newIds >= documentsMax) {
        throw new CosimoError(
          'index_full',
          `The index takes no more than ${documentsMax} documents; delete some or raise MAX_DOCUMENTS`,
        );
      }
      this.#ids.set(id, pending);
      this.#newIds += Number(pending.isNew);
    }
    pending.writes += 1;
    this.#writes += 1;
  }

  /** An admitted write is durable. */
  stored(id: string, isNew: boolean): void {
    this.#documents += Number(isNew);
    this.#mark(id, false);
  }

  deleted(id: string): void {
    this.#documents -= 1;
    this.#mark(id, true);
  }

  /** An admitted write has ended, one way or the other. */
  release(id: string): void {
    const pending = this.#ids.get(id) as PendingId;
    this.#writes -= 1;
    pending.writes -= 1;
    if (pending.writes > 0) return;
    this.#mark(id, false);
    this.#ids.delete(id);
  }

  #hasBytesFor(rows: number): boolean {
    const { index, bytesMax } = this.#parts;
    return index.memoryBytes + index.bytesOfRows(rows) < bytesMax;
  }

  #mark(id: string, isNew: boolean): void {
    const pending = this.#ids.get(id);
    if (pending === undefined) return;
    this.#newIds += Number(isNew) - Number(pending.isNew);
    pending.isNew = isNew;
  }
}
