/**
 * The document store on disk: one LMDB environment with three databases and a few facts about itself.
 *
 *   ids        id → version
 *   documents  version → [id, text, metadata]
 *   vectors    version → float32 row, little-endian, apart from the texts so that filling the index reads rows alone
 *
 * A document's record is keyed by its version and not by its id: a search has versions in hand, the index's keys.
 */
import { mkdirSync } from 'node:fs';
import { type Database, open, type RootDatabase } from 'lmdb';
import { CosimoError } from '../errors.ts';
import type { DocumentStore, PutResult, StoredDocument, StoredVectors } from './document-store.ts';

export interface LmdbStoreOptions {
  readonly dir: string;
  readonly dimensions: number;
  /** Everything that changes a vector, in one string; a store keeps the vectors of one model. */
  readonly fingerprint: string;
  /** For the sentence that refuses another model's store. */
  readonly modelName: string;
}

type DocumentRecord = [id: string, text: string, metadata: string];

interface Facts {
  readonly format: number;
  readonly fingerprint: string;
  readonly modelName: string;
  readonly dimensions: number;
}

const FORMAT = 1;
const FACTS_KEY = 'facts';
/** Values past half a page take pages of their own: a vector of 384 floats would waste more than half of 4 KiB. */
const PAGE_BYTES = 16_384;
/** Rows handed to the index at once while it is filled. */
const ROWS_PER_READ = 256;

/** Ids are arbitrary text, NUL included: their UTF-8 bytes are the key. */
const idKey = (id: string) => Buffer.from(id);

export class LmdbStore implements DocumentStore {
  readonly #root: RootDatabase;
  readonly #ids: Database<number, Buffer>;
  readonly #documents: Database<DocumentRecord, number>;
  readonly #vectors: Database<Buffer, number>;
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
    try {
      mkdirSync(options.dir, { recursive: true });
      this.#root = open({ path: options.dir, noSubdir: false, pageSize: PAGE_BYTES, maxDbs: 8 });
      this.#ids = this.#root.openDB({ name: 'ids', keyEncoding: 'binary' });
      this.#documents = this.#root.openDB({ name: 'documents' });
      this.#vectors = this.#root.openDB({ name: 'vectors', encoding: 'binary' });
    } catch (cause) {
      throw new CosimoError(
        'store_unavailable',
        `DATA_DIR=${options.dir} cannot be opened: ${(cause as Error).message}`,
        { cause },
      );
    }
    this.#checkFacts(options);
    this.#refuseToShare(options.dir);
    this.#count = this.#ids.getCount();
    const [newest] = [...this.#documents.getKeys({ reverse: true, limit: 1 })];
    this.#lastVersion = newest ?? 0;
  }

  get documents(): number {
    return this.#count;
  }

  has(id: string): boolean {
    return this.#ids.doesExist(idKey(id));
  }

  find(id: string): StoredDocument | undefined {
    const version = this.#ids.get(idKey(id));
    return version === undefined ? undefined : this.get(version);
  }

  get(version: number): StoredDocument | undefined {
    const record = this.#documents.get(version);
    if (record === undefined) return this.#retired.get(version);
    const [id, text, metadata] = record;
    return { id, text, metadata };
  }

  async put(document: StoredDocument, vector: Float32Array): Promise<PutResult> {
    const key = idKey(document.id);
    const row = Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength);
    return this.#write(() => {
      const replaced = this.#ids.get(key);
      if (replaced !== undefined) this.#retire(replaced);
      this.#lastVersion += 1;
      const version = this.#lastVersion;
      this.#ids.put(key, version);
      this.#documents.put(version, [document.id, document.text, document.metadata]);
      this.#vectors.put(version, row);
      return { version, replaced };
    }).then((result) => {
      if (result.replaced === undefined) this.#count += 1;
      return result;
    });
  }

  async delete(id: string): Promise<number | undefined> {
    const key = idKey(id);
    const version = await this.#write(() => {
      const current = this.#ids.get(key);
      if (current === undefined) return undefined;
      this.#retire(current);
      this.#ids.remove(key);
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
    await this.#root.close();
  }

  /** Moves a record out of the database into memory, within the transaction that replaces it. */
  #retire(version: number): void {
    const document = this.get(version);
    if (document !== undefined) this.#retired.set(version, document);
    this.#documents.remove(version);
    this.#vectors.remove(version);
  }

  /** Runs in a transaction of its own inside the next commit; settles once that commit is on the disk. */
  async #write<T>(change: () => T): Promise<T> {
    try {
      const result = await this.#root.childTransaction(change);
      await this.#root.flushed;
      return result;
    } catch (cause) {
      throw new CosimoError('store_unavailable', `The document store could not write: ${(cause as Error).message}`, {
        cause,
      });
    }
  }

  /** The index in memory is filled once: a second process would change the store behind its back. */
  #refuseToShare(dir: string): void {
    this.#root.readerCheck(); // takes out the readers of processes that were killed
    const pids = this.#root.readerList().match(/^ *[0-9]+/gm) ?? [];
    const other = pids.map(Number).find((pid) => pid !== process.pid);
    if (other === undefined) return;
    throw new CosimoError(
      'store_unavailable',
      `DATA_DIR=${dir} is in use by process ${other}: stop it or set another DATA_DIR.`,
    );
  }

  #checkFacts({ dir, dimensions, fingerprint, modelName }: LmdbStoreOptions): void {
    const facts = this.#root.get(FACTS_KEY) as Facts | undefined;
    if (facts === undefined) {
      const own: Facts = { format: FORMAT, fingerprint, modelName, dimensions };
      this.#root.putSync(FACTS_KEY, own);
    } else if (facts.format !== FORMAT) {
      throw new CosimoError(
        'store_unavailable',
        `DATA_DIR=${dir} has format ${facts.format}; this Cosimo reads ${FORMAT}.`,
      );
    } else if (facts.fingerprint !== fingerprint) {
      throw new CosimoError(
        'index_model_mismatch',
        `DATA_DIR=${dir} holds vectors made by ${facts.modelName} (${facts.fingerprint.slice(0, 12)}), not by ${modelName} ` +
          `(${fingerprint.slice(0, 12)}): set MODEL back, or set DATA_DIR to an empty folder and index the documents again.`,
      );
    }
  }
}

function packed(versions: readonly number[], rows: readonly Buffer[]): StoredVectors {
  const bytes = Buffer.concat(rows);
  const vectors = new Float32Array(bytes.length / Float32Array.BYTES_PER_ELEMENT);
  new Uint8Array(vectors.buffer).set(bytes);
  return { versions: Float64Array.from(versions), vectors };
}
