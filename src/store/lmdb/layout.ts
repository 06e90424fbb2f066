/**
 * The LMDB layout: what lies where in a store's folder. One environment holds a root and five databases.
 *
 *   root       'facts'        → StoreFacts: the format, and the model of the vectors that are served
 *              're-embedding' → VectorsModel: the model of a re-embedding that has begun and not ended
 *   ids        id, in UTF-8   → version
 *   documents  version        → [id, text, metadata]
 *   vectors    version        → float32 row, little-endian
 *   aside      version        → the document of a damaged vector, kept for the operator and not served
 *   vectors.b  the same. The facts name the one that is served; the other is empty or filled by a re-embedding.
 *
 * A version is the number of a write. Documents are keyed by it and not by their ids, since a search has versions in
 * hand: they are the keys of the index. Vectors lie apart from texts, so that filling the index reads only rows.
 *
 * A change of this layout must raise FORMAT in store-facts.ts.
 */
import { type Database, open, type RootDatabase } from 'lmdb';

export const FACTS_KEY = 'facts';
export const REEMBEDDING_KEY = 're-embedding';

export type DocumentRecord = [id: string, text: string, metadata: string];
export type VectorsName = 'vectors' | 'vectors.b';
export type VectorsDatabase = Database<Buffer, number>;

export interface Databases {
  readonly root: RootDatabase;
  readonly ids: Database<number, Buffer>;
  readonly documents: Database<DocumentRecord, number>;
  readonly vectors: Readonly<Record<VectorsName, VectorsDatabase>>;
  readonly aside: Database<DocumentRecord, number>;
}

/** A value past half a page takes pages of its own: a vector of 384 floats would waste more than half of 4 KiB. */
export const PAGE_BYTES = 16_384;

export function openDatabases(dir: string): Databases {
  const root = open({
    path: dir,
    noSubdir: false,
    pageSize: PAGE_BYTES,
    maxDbs: 8,
    // A commit is on the disk or has changed nothing: with this option a commit whose flush fails would stay visible.
    overlappingSync: false,
    // With this option a failed commit also rejects a promise that nobody can await.
    eventTurnBatching: false,
  });
  const openVectors = (name: VectorsName): VectorsDatabase => root.openDB({ name, encoding: 'binary' });
  return {
    root,
    ids: root.openDB({ name: 'ids', keyEncoding: 'binary' }),
    documents: root.openDB({ name: 'documents' }),
    vectors: { vectors: openVectors('vectors'), 'vectors.b': openVectors('vectors.b') },
    aside: root.openDB({ name: 'aside' }),
  };
}

/** Dirties a page without a change. Call it within a transaction. */
export function rewriteFacts({ root }: Databases): void {
  root.putSync(FACTS_KEY, root.get(FACTS_KEY));
}

/** All keys that the root can have: its own, and the names of the databases. */
export const ROOT_KEYS: readonly string[] = [
  FACTS_KEY,
  REEMBEDDING_KEY,
  'ids',
  'documents',
  'vectors',
  'vectors.b',
  'aside',
];

/** Opens a store, or another program's environment, without changing it. */
export function openForReading(dir: string): RootDatabase {
  return open({ path: dir, noSubdir: false, readOnly: true, maxDbs: 8 });
}

/** What an environment opened for reading has of ours. */
export function openReadable(root: RootDatabase): Database<unknown, Buffer>[] {
  const names = [...root.getKeys()].map(String).filter((key) => key !== FACTS_KEY && key !== REEMBEDDING_KEY);
  return names.map((name) => root.openDB({ name, keyEncoding: 'binary', encoding: 'binary' }));
}

/** LMDB's file. A folder where it isn't empty holds a store. */
export const DATA_FILE = 'data.mdb';

/** Ids are arbitrary text, NUL included: their UTF-8 bytes are the key. */
export const idKey = (id: string): Buffer => Buffer.from(id);

export const rowBytes = (dimensions: number): number => dimensions * Float32Array.BYTES_PER_ELEMENT;

/** The row of a vector, in the vector's own memory. */
export function rowOf({ buffer, byteOffset, byteLength }: Float32Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

/** The floats of rows, one after another, in memory of their own. */
export function floatsOf(rows: readonly Buffer[]): Float32Array {
  const bytes = Buffer.concat(rows);
  const floats = new Float32Array(bytes.length / Float32Array.BYTES_PER_ELEMENT);
  new Uint8Array(floats.buffer).set(bytes);
  return floats;
}

/** The newest version among the keys of a database; 0 when it is empty. */
export function newestVersion(database: Database<unknown, number>): number {
  const [newest = 0] = [...database.getKeys({ reverse: true, limit: 1 })];
  return newest;
}
