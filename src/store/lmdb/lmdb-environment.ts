/** An opened LMDB environment: one process has it open at a time, and a write is on the disk once it is answered. */
import { closeSync, fsyncSync, openSync, rmSync, type StatsFs, statfsSync, writeSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { constants } from 'node:os';
import { join } from 'node:path';
import { makeFolders } from '../../base/make-folders.ts';
import { CosimoError, errorCodeOf } from '../../errors.ts';
import { isMissingOrEmpty, requireSoundDataFile } from './data-file.ts';
import { FolderLock } from './folder-lock.ts';
import { DATA_FILE, type Databases, openDatabases, PAGE_BYTES, rewriteFacts } from './layout.ts';

/** A disk with less than this free counts as full. */
const ROOM_BYTES = 1 << 20;
const LMDB_LOCK_FILE = 'lock.mdb';

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
    if ([DATA_FILE, LMDB_LOCK_FILE].some((name) => isMissingOrEmpty(join(dir, name)))) requireRoom(dir);
    requireSoundDataFile(dir);
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
  if (!hasRoom(statfsSync(dir))) throw new Error('the disk has no room');
  const path = join(dir, 'cosimo.probe');
  const descriptor = openSync(path, 'w');
  try {
    const pages = Buffer.alloc(2 * PAGE_BYTES);
    // A write that just fits in part is no error of the system.
    if (writeSync(descriptor, pages) < pages.length) throw new Error('the disk has no room');
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
  if (!hasRoom(await statfs(environment.dir))) throw new CosimoError('store_full');
  await writeDurably(environment, () => rewriteFacts(environment));
}

async function isFull(dir: string, cause: Error & { code?: unknown }): Promise<boolean> {
  if (cause.code === constants.errno.ENOSPC || cause.code === constants.errno.EDQUOT) return true;
  // LMDB reports a write that was cut short as an I/O error.
  return cause.code === constants.errno.EIO && !hasRoom(await statfs(dir));
}

/** File systems without a limit, such as ramfs, say that they have no blocks at all. */
const hasRoom = ({ blocks, bavail, bsize }: StatsFs) => blocks === 0 || bavail * bsize >= ROOM_BYTES;
