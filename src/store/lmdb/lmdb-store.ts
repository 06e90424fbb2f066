/**
 * The document store on disk: one LMDB environment with a few databases, and facts about itself in its root.
 *
 *   ids        id → version
 *   documents  version → [id, text, metadata]
 *   vectors    version → float32 row, little-endian, apart from the texts so that filling the index reads rows alone
 *   vectors.b  the same; one of the two is served, the other empty or being filled by a re-embedding
 *
 * A document's record is keyed by its version and not by its id: a search has versions in hand, the index's keys.
 */
import { CosimoError } from '../../errors.ts';
import type { DocumentStore, PutResult, StoredDocument, StoredVectors } from '../document-store.ts';
import {
  type LmdbEnvironment,
  newestVersion,
  openEnvironment,
  refuseToShare,
  type VectorsDatabase,
  writeDurably,
} from './environment.ts';
import {
  FORMAT,
  putFacts,
  readFacts,
  readTarget,
  requireSameModel,
  type StoreFacts,
  spareVectors,
  type VectorsModel,
} from './facts.ts';

/** A store keeps the vectors of one model. */
export interface LmdbStoreOptions extends VectorsModel {
  readonly dir: string;
  readonly dimensions: number;
}

/** Rows handed to the index at once while it is filled. */
const ROWS_PER_READ = 256;

/** Ids are arbitrary text, NUL included: their UTF-8 bytes are the key. */
const idKey = (id: string) => Buffer.from(id);

export class LmdbStore implements DocumentStore {
  readonly #environment: LmdbEnvironment;
  readonly #vectors: VectorsDatabase;
  /** The rows of a re-embedding that was interrupted: it goes on from there, so they must follow what is written. */
  readonly #unfinished: VectorsDatabase | undefined;
  readonly #dimensions: number;
  /** Replaced and deleted documents that a running search may still want. */
  readonly #retired = new Map<number, StoredDocument>();
  #count: number;
  #lastVersion: number;

  /**
   * @throws CosimoError `store_unavailable` when the folder can't be used; `index_model_mismatch` when another model made it
   */
  constructor(options: LmdbStoreOptions) {
    this.#dimensions = options.dimensions;
    this.#environment = openEnvironment(options.dir);
    const facts = claim(this.#environment, options);
    this.#vectors = this.#environment.vectors[facts.vectors];
    this.#unfinished = readTarget(this.#environment) && spareVectors(this.#environment, facts).rows;
    this.#count = this.#environment.ids.getCount();
    this.#lastVersion = newestVersion(this.#environment.documents);
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
    const row = Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength);
    return writeDurably(this.#environment, () => {
      const replaced = this.#environment.ids.get(key);
      if (replaced !== undefined) this.#retire(replaced);
      this.#lastVersion += 1;
      const version = this.#lastVersion;
      this.#environment.ids.put(key, version);
      this.#environment.documents.put(version, [document.id, document.text, document.metadata]);
      this.#vectors.put(version, row);
      return { version, replaced };
    }).then((result) => {
      if (result.replaced === undefined) this.#count += 1;
      return result;
    });
  }

  async delete(id: string): Promise<number | undefined> {
    const key = idKey(id);
    const version = await writeDurably(this.#environment, () => {
      const current = this.#environment.ids.get(key);
      if (current === undefined) return undefined;
      this.#retire(current);
      this.#environment.ids.remove(key);
      return current;
    });
    if (version !== undefined) this.#count -= 1;
    return version;
  }

  forget(version: number): void {
    this.#retired.delete(version);
  }

  *vectors(): Iterable<StoredVectors> {
    let versions: number[] = [];
    let rows: Buffer[] = [];
    for (const { key, value } of this.#vectors.getRange()) {
      if (value.length !== this.#dimensions * Float32Array.BYTES_PER_ELEMENT) {
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
    await this.#environment.root.close();
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

/** Makes an empty folder the store of this model. @returns its facts */
function claim(environment: LmdbEnvironment, options: LmdbStoreOptions): StoreFacts {
  const { dir, dimensions, fingerprint, modelName } = options;
  try {
    const facts = readFacts(environment);
    refuseToShare(environment);
    if (facts !== undefined) {
      requireSameModel(dir, facts, options);
      return facts;
    }
    const own: StoreFacts = { format: FORMAT, fingerprint, modelName, dimensions, vectors: 'vectors' };
    putFacts(environment, own);
    return own;
  } catch (error) {
    void environment.root.close(); // or others would find this process in it
    throw error;
  }
}

function packed(versions: readonly number[], rows: readonly Buffer[]): StoredVectors {
  const bytes = Buffer.concat(rows);
  const vectors = new Float32Array(bytes.length / Float32Array.BYTES_PER_ELEMENT);
  new Uint8Array(vectors.buffer).set(bytes);
  return { versions: Float64Array.from(versions), vectors };
}
