/** An opened LMDB environment: one process has it open at a time, and a write is on the disk once it is answered. */
import { closeSync, existsSync, fsyncSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { constants } from 'node:os';
import { join } from 'node:path';
import { makeFolders } from '../../base/make-folders.ts';
import { CosimoError, errorCodeOf } from '../../errors.ts';
import { requireSoundDataFile } from './data-file.ts';
import { FolderLock } from './folder-lock.ts';
import { DATA_FILE, type Databases, openDatabases, PAGE_BYTES, rewriteFacts } from './layout.ts';

/** With less than this free a failed write is put down to a full disk: LMDB reports a write that was cut short as an I/O error. */
const ROOM_BYTES = 1 << 20;

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
    if (existsSync(join(dir, DATA_FILE))) requireSoundDataFile(dir);
    else requireRoom(dir);
    const databases = openDatabases(dir);
    databases.root.readerCheck(); // takes out the readers of processes that were killed
    return { dir, lock, ...databases };
  } catch (cause) {
    lock?.release();
    throw cannotBeOpened(dir, cause as Error);
  }
}

/** LMDB crashes where it can't write the first pages of a new file. @throws Error of the system */
function requireRoom(dir: string): void {
  const { bavail, bsize } = statfsSync(dir);
  if (bavail * bsize < ROOM_BYTES) throw new Error('the disk has no room');
  const path = join(dir, 'cosimo.probe');
  const descriptor = openSync(path, 'w');
  try {
    writeSync(descriptor, Buffer.alloc(2 * PAGE_BYTES), 0, 2 * PAGE_BYTES, 0);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
    rmSync(path);
  }
}

/** The error in a sentence that names the setting, unless it is one already. */
export function cannotBeOpened(dir: string, cause: Error): Error {
  if (errorCodeOf(cause) !== undefined) return cause;
  return new CosimoError('store_unavailable', `DATA_DIR=${dir} cannot be opened: ${cause.message}`, { cause });
}

export async function closeEnvironment({ root, lock }: LmdbEnvironment): Promise<void> {
  await root.close();
  lock.release();
}

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
