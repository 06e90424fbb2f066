/** What keeps documents. Two make it: LMDB on disk, and a map for `:memory:`. */

export interface StoredDocument {
  readonly id: string;
  readonly text: string;
  /** JSON text of an object, as the client gave it. */
  readonly metadata: string;
}

/** A document's version is a number that only grows: it says which of two is older, and is the key of its vector. */
export interface PutResult {
  readonly version: number;
  /** The version that this one replaces. */
  readonly replaced: number | undefined;
}

/** Vectors for filling an index: `vectors` holds `versions.length` rows one after another. */
export interface StoredVectors {
  readonly versions: Float64Array;
  readonly vectors: Float32Array;
}

/**
 * Writes are answered once they are durable. What a write replaced or deleted stays readable by its version until
 * `forget` is called: a search that began before the write may have found it.
 */
export interface DocumentStore {
  readonly documents: number;
  has(id: string): boolean;
  /** The current version of a document. */
  find(id: string): StoredDocument | undefined;
  get(version: number): StoredDocument | undefined;
  /** @throws CosimoError `store_unavailable` when the write failed; no document has changed then */
  put(document: StoredDocument, vector: Float32Array): Promise<PutResult>;
  /** The version that was deleted; undefined when there was no such document. */
  delete(id: string): Promise<number | undefined>;
  forget(version: number): void;
  /** All vectors, some thousand at a time, oldest version first. */
  vectors(): Iterable<StoredVectors>;
  close(): Promise<void>;
}
