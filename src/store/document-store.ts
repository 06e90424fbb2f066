/** A store of documents and their vectors. There are two: LMDB on disk, and a map for `DATA_DIR=:memory:`. */

export interface StoredDocument {
  readonly id: string;
  readonly text: string;
  /** JSON text of an object, as the client gave it. */
  readonly metadata: string;
}

/** A version is the number of a write and the key of the vector. It only grows: the older document has the smaller version. */
export interface PutResult {
  readonly version: number;
  /** The version that this one replaces. */
  readonly replaced: number | undefined;
}

/** Vectors to fill an index with: `vectors` holds `versions.length` rows, one after another. */
export interface StoredVectors {
  readonly versions: Float64Array;
  readonly vectors: Float32Array;
}

/**
 * A write resolves once it is durable. The version that it replaced or deleted stays readable until `forget` is called: a
 * search that began before the write may have found it.
 */
export interface DocumentStore {
  readonly documents: number;
  /** False once a write has failed, until one works again; meanwhile the store tries by itself. */
  readonly healthy: boolean;
  has(id: string): boolean;
  /** The current version of a document. */
  find(id: string): StoredDocument | undefined;
  get(version: number): StoredDocument | undefined;
  /** @throws CosimoError `store_full`, `store_failed`; no document has changed then */
  put(document: StoredDocument, vector: Float32Array): Promise<PutResult>;
  /** @returns the version that was deleted; undefined when there was no such document */
  delete(id: string): Promise<number | undefined>;
  forget(version: number): void;
  /** Takes a document whose vector is damaged out of service. @returns its id. @throws as `put` */
  setAside(version: number): Promise<string | undefined>;
  /** All vectors, in blocks, oldest version first. */
  vectors(): Iterable<StoredVectors>;
  close(): Promise<void>;
}
