/** The document store of `DATA_DIR=:memory:`: nothing outlives the process. */
import type { DocumentStore, PutResult, StoredDocument, StoredVectors } from './document-store.ts';

export class MemoryStore implements DocumentStore {
  readonly #versions = new Map<string, number>();
  readonly #documents = new Map<number, StoredDocument>();
  #lastVersion = 0;
  readonly healthy = true;

  get documents(): number {
    return this.#versions.size;
  }

  has(id: string): boolean {
    return this.#versions.has(id);
  }

  find(id: string): StoredDocument | undefined {
    const version = this.#versions.get(id);
    return version === undefined ? undefined : this.#documents.get(version);
  }

  get(version: number): StoredDocument | undefined {
    return this.#documents.get(version);
  }

  async put(document: StoredDocument): Promise<PutResult> {
    const replaced = this.#versions.get(document.id);
    this.#lastVersion += 1;
    this.#versions.set(document.id, this.#lastVersion);
    this.#documents.set(this.#lastVersion, document);
    return { version: this.#lastVersion, replaced };
  }

  async delete(id: string): Promise<number | undefined> {
    const version = this.#versions.get(id);
    this.#versions.delete(id);
    return version;
  }

  forget(version: number): void {
    this.#documents.delete(version);
  }

  /** Its vectors are never read. */
  async setAside(): Promise<undefined> {}

  /** Empty: the index is filled at start, when this store is empty. */
  *vectors(): Iterable<StoredVectors> {}

  async close(): Promise<void> {}
}
