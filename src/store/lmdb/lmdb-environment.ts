/** An opened LMDB environment: one process has it open at a time, and a write is on the disk once it is answered. */
import { statfs } from 'node:fs/promises';
import { constants } from 'node:os';
import { CosimoError, errorCodeOf } from '../../errors.ts';
import { makeFolders } from '../../make-folders.ts';
import { requireSoundDataFile } from './data-file.ts';
import { FolderLock } from './folder-lock.ts';
import { type Databases, openDatabases, rewriteFacts } from './layout.ts';

export interface LmdbEnvironment extends Databases {
  readonly dir: string;
  /** Two processes must not share a store: each keeps in memory what it has read, and would not see the other's writes. */
  readonly lock: FolderLock;
}

/** @throws CosimoError `store_unavailable` when the folder can't be used, or is in use */
export function openEnvironment(dir: string): LmdbEnvironment {
  let lock: FolderLock | undefined;
  try {
    makeFolders(dir);
    lock = FolderLock.take(dir);
    requireSoundDataFile(dir);
    const databases = openDatabases(dir);
    databases.root.readerCheck(); // takes out the readers of processes that were killed
    return { dir, lock, ...databases };
  } catch (cause) {
    lock?.release();
    if (errorCodeOf(cause) !== undefined) throw cause;
    throw new CosimoError('store_unavailable', `DATA_DIR=${dir} cannot be opened: ${(cause as Error).message}`, {
      cause,
    });
  }
}

export async function closeEnvironment({ root, lock }: LmdbEnvironment): Promise<void> {
  await root.close();
  lock.release();
}

/** With less than this free a failed write is put down to a full disk: LMDB reports a write that was cut short as an I/O error. */
const ROOM_BYTES = 1 << 20;

/**
 * Runs `change` in a transaction of its own inside the next commit. Resolves once that commit is on the disk.
 * @throws CosimoError `store_full`, `store_failed`; nothing has changed then
 */
export async function writeDurably<T>({ root, dir }: LmdbEnvironment, change: () => T): Promise<T> {
  try {
    return await root.childTransaction(change);
  } catch (error) {
    const cause = await reasonOf(error as Error & { commitError?: Promise<never> });
    if (await isFull(dir, cause))
      throw new CosimoError('store_full', 'The disk of the document store has no room; free some or delete documents', {
        cause,
      });
    throw new CosimoError('store_failed', `The document store could not write: ${cause.message}`, { cause });
  }
}

/** Lmdb's error of a failed commit tells the reason by a promise that is rejected with it. */
async function reasonOf(error: Error & { commitError?: Promise<never> }): Promise<NodeJS.ErrnoException> {
  return (await error.commitError?.catch((reason: Error) => reason)) ?? error;
}

/** Writes what is there already, to find out whether the disk works again. @throws as `writeDurably` */
export async function probeDisk(environment: LmdbEnvironment): Promise<void> {
  if (!(await hasRoom(environment.dir))) throw new CosimoError('store_full');
  await writeDurably(environment, () => rewriteFacts(environment));
}

async function isFull(dir: string, cause: Error & { code?: unknown }): Promise<boolean> {
  if (cause.code === constants.errno.ENOSPC || cause.code === constants.errno.EDQUOT) return true;
  return cause.code === constants.errno.EIO && !(await hasRoom(dir));
}

async function hasRoom(dir: string): Promise<boolean> {
  const { bavail, bsize } = await statfs(dir);
  return bavail * bsize >= ROOM_BYTES;
}
