/** The document store on disk. `layout.ts` says what lies where. */

import { ProbedHealth } from '../../base/probed-health.ts';
import { CosimoError } from '../../errors.ts';
import type { DocumentStore, PutResult, StoredDocument, StoredVectors } from '../document-store.ts';
import { floatsOf, idKey, newestVersion, rowBytes, rowOf, type VectorsDatabase } from './layout.ts';
import {
  cannotBeOpened,
  closeEnvironment,
  type LmdbEnvironment,
  openEnvironment,
  probeDisk,
  writeDurably,
} from './lmdb-environment.ts';
import {
  FORMAT,
  putFacts,
  readFacts,
  readReembedTarget,
  requireSameModel,
  type StoreFacts,
  spareVectors,
  type VectorsModel,
} from './store-facts.ts';

/** A store keeps the vectors of one model. */
export interface LmdbStoreOptions extends VectorsModel {
  readonly dir: string;
  readonly dimensions: number;
}

/** Rows handed to the index at once while it is filled. */
const ROWS_PER_READ = 256;

export class LmdbStore implements DocumentStore {
  readonly #environment: LmdbEnvironment;
  readonly #vectors: VectorsDatabase;
  /** The rows of an interrupted re-embedding that goes on later. Rows removed from the store are removed here too. */
  readonly #unfinished: VectorsDatabase | undefined;
  readonly #dimensions: number;
  /** Replaced and deleted documents that a search under way may still read. */
  readonly #retired = new Map<number, StoredDocument>();
  readonly #health = new ProbedHealth(() => this.#watched(probeDisk(this.#environment)));
  #count: number;
  #lastVersion: number;

  /**
   * @throws CosimoError `store_unavailable` when the folder can't be used or another process has it open;
   *   `index_model_mismatch` when another model made its vectors
   */
  constructor(options: LmdbStoreOptions) {
    this.#dimensions = options.dimensions;
    this.#environment = openEnvironment(options.dir);
    const facts = claim(this.#environment, options);
    this.#vectors = this.#environment.vectors[facts.vectors];
    this.#unfinished = readReembedTarget(this.#environment) && spareVectors(this.#environment, facts).rows;
    this.#count = this.#environment.ids.getCount();
    this.#lastVersion = newestVersion(this.#environment.documents);
  }

  get healthy(): boolean {
    return this.#health.healthy;
  }

  get documents(): number {
    return this.#count;
  }

  has(id: string): boolean {
    return this.#environment.ids.doesExist(idKey(id));
  }

  find(id: string): StoredDocument | undefined {
    const version = this.#environment.ids.get(idKey(id));
    return version === undefined ? undefined : this.get(version);
  }

  get(version: number): StoredDocument | undefined {
    const record = this.#environment.documents.get(version);
    if (record === undefined) return this.#retired.get(version);
    const [id, text, metadata] = record;
    return { id, text, metadata };
  }

  async put(document: StoredDocument, vector: Float32Array): Promise<PutResult> {
    const key = idKey(document.id);
    const row = rowOf(vector);
    let retired: number | undefined;
    const written = this.#write(() => {
      const replaced = this.#environment.ids.get(key);
      retired = replaced;
      if (replaced !== undefined) this.#retire(replaced);
      this.#lastVersion += 1;
      const version = this.#lastVersion;
      this.#environment.ids.put(key, version);
      this.#environment.documents.put(version, [document.id, document.text, document.metadata]);
      this.#vectors.put(version, row);
      return { version, replaced };
    });
    const result = await this.#orNothingRetired(written, () => retired);
    if (result.replaced === undefined) this.#count += 1;
    return result;
  }

  async delete(id: string): Promise<number | undefined> {
    const key = idKey(id);
    let retired: number | undefined;
    const deleted = this.#write(() => {
      retired = this.#environment.ids.get(key);
      if (retired === undefined) return undefined;
      this.#retire(retired);
      this.#environment.ids.remove(key);
      return retired;
    });
    const version = await this.#orNothingRetired(deleted, () => retired);
    if (version !== undefined) this.#count -= 1;
    return version;
  }

  forget(version: number): void {
    this.#retired.delete(version);
  }

  async setAside(version: number): Promise<string | undefined> {
    const id = await this.#write(() => {
      const record = this.#environment.documents.get(version);
      this.#environment.documents.remove(version);
      this.#vectors.remove(version);
      this.#unfinished?.remove(version);
      if (record === undefined) return undefined;
      this.#environment.ids.remove(idKey(record[0]));
      this.#environment.aside.put(version, record);
      return record[0];
    });
    if (id !== undefined) this.#count -= 1;
    return id;
  }

  *vectors(): Iterable<StoredVectors> {
    let versions: number[] = [];
    let rows: Buffer[] = [];
    for (const { key, value } of this.#vectors.getRange()) {
      if (value.length !== rowBytes(this.#dimensions)) {
        throw new CosimoError(
          'store_unavailable',
          `The stored vector ${key} has ${value.length} bytes: the store is damaged.`,
        );
      }
      versions.push(key);
      rows.push(Buffer.from(value));
      if (versions.length === ROWS_PER_READ) {
        yield packed(versions, rows);
        versions = [];
        rows = [];
      }
    }
    if (versions.length > 0) yield packed(versions, rows);
  }

  async close(): Promise<void> {
    this.#health.close();
    await closeEnvironment(this.#environment);
  }

  #write<T>(change: () => T): Promise<T> {
    return this.#watched(writeDurably(this.#environment, change));
  }

  async #watched<T>(write: Promise<T>): Promise<T> {
    try {
      const result = await write;
      this.#health.worked();
      return result;
    } catch (error) {
      this.#health.failed(error as Error);
      throw error;
    }
  }

  /** If a write fails, the version that it retired is still in the database. */
  async #orNothingRetired<T>(write: Promise<T>, retired: () => number | undefined): Promise<T> {
    try {
      return await write;
    } catch (error) {
      const version = retired();
      if (version !== undefined) this.forget(version);
      throw error;
    }
  }

  /** Moves a record out of the database into memory, within the transaction that replaces it. */
  #retire(version: number): void {
    const document = this.get(version);
    if (document !== undefined) this.#retired.set(version, document);
    this.#environment.documents.remove(version);
    this.#vectors.remove(version);
    this.#unfinished?.remove(version);
  }
}

/** Takes the store for this model: an empty folder becomes its store. @returns the facts */
function claim(environment: LmdbEnvironment, options: LmdbStoreOptions): StoreFacts {
  const { dir, dimensions, fingerprint, modelName } = options;
  try {
    const facts = readFacts(environment);
    if (facts !== undefined) {
      requireSameModel(dir, facts, options);
      return facts;
    }
    const own: StoreFacts = { format: FORMAT, fingerprint, modelName, dimensions, vectors: 'vectors' };
    putFacts(environment, own);
    return own;
  } catch (error) {
    environment.lock.release(); // at once: nothing was written
    void environment.root.close();
    throw cannotBeOpened(dir, error as Error);
  }
}

function packed(versions: readonly number[], rows: readonly Buffer[]): StoredVectors {
  return { versions: Float64Array.from(versions), vectors: floatsOf(rows) };
}
