/** The LMDB environment that a document store lives in: its databases, its writes, and that one process has it open. */
import { mkdirSync } from 'node:fs';
import { type Database, open, type RootDatabase } from 'lmdb';
import { CosimoError } from '../../errors.ts';

export type DocumentRecord = [id: string, text: string, metadata: string];

/** Two databases take vectors: the facts name the one that is served, the other is for those of a re-embedding. */
export type VectorsName = 'vectors' | 'vectors.b';
export type VectorsDatabase = Database<Buffer, number>;

export interface LmdbEnvironment {
  readonly dir: string;
  readonly root: RootDatabase;
  readonly ids: Database<number, Buffer>;
  readonly documents: Database<DocumentRecord, number>;
  readonly vectors: Readonly<Record<VectorsName, VectorsDatabase>>;
}

/** Values past half a page take pages of their own: a vector of 384 floats would waste more than half of 4 KiB. */
const PAGE_BYTES = 16_384;

/** @throws CosimoError `store_unavailable` when the folder can't be used */
export function openEnvironment(dir: string): LmdbEnvironment {
  try {
    mkdirSync(dir, { recursive: true });
    const root = open({ path: dir, noSubdir: false, pageSize: PAGE_BYTES, maxDbs: 8 });
    const openVectors = (name: VectorsName): VectorsDatabase => root.openDB({ name, encoding: 'binary' });
    return {
      dir,
      root,
      ids: root.openDB({ name: 'ids', keyEncoding: 'binary' }),
      documents: root.openDB({ name: 'documents' }),
      vectors: { vectors: openVectors('vectors'), 'vectors.b': openVectors('vectors.b') },
    };
  } catch (cause) {
    throw new CosimoError('store_unavailable', `DATA_DIR=${dir} cannot be opened: ${(cause as Error).message}`, {
      cause,
    });
  }
}

/**
 * A process that holds what it read of the store in memory would not see another's writes. To be called after a first
 * read: that takes the place in the table of readers by which others see this process.
 * @throws CosimoError `store_unavailable` when another process has it open
 */
export function refuseToShare({ root, dir }: LmdbEnvironment): void {
  root.readerCheck(); // takes out the readers of processes that were killed
  const pids = root.readerList().match(/^ *[0-9]+/gm) ?? [];
  const other = pids.map(Number).find((pid) => pid !== process.pid);
  if (other === undefined) return;
  throw new CosimoError(
    'store_unavailable',
    `DATA_DIR=${dir} is in use by process ${other}: stop it or set another DATA_DIR.`,
  );
}

/**
 * Runs `change` in a transaction of its own inside the next commit; settles once that commit is on the disk.
 * @throws CosimoError `store_unavailable` when that failed; nothing has changed then
 */
export async function writeDurably<T>({ root }: LmdbEnvironment, change: () => T): Promise<T> {
  try {
    const result = await root.childTransaction(change);
    await root.flushed;
    return result;
  } catch (cause) {
    throw new CosimoError('store_unavailable', `The document store could not write: ${(cause as Error).message}`, {
      cause,
    });
  }
}

/** The newest version among the keys of a database; 0 when it is empty. */
export function newestVersion(database: Database<unknown, number>): number {
  const [newest = 0] = [...database.getKeys({ reverse: true, limit: 1 })];
  return newest;
}
