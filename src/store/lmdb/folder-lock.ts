/** Keeps other processes out of a store's folder, those of other containers too: the system holds the lock. */
import { closeSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { CosimoError } from '../../errors.ts';
import { native } from '../../native/binding.ts';
import { DATA_FILE } from './layout.ts';

/** Says who has the lock, for people alone: after `kill -9` it names a process that is gone. */
const OWNER_FILE = 'cosimo.pid';

/**
 * It ends with `release` or with the process, however that ends. The lock is on the data file: a file made for it could be deleted, and
 * a second process would lock a new one.
 */
export class FolderLock {
  readonly #ownerFile: string;
  #descriptor: number | undefined;

  private constructor(descriptor: number, ownerFile: string) {
    this.#descriptor = descriptor;
    this.#ownerFile = ownerFile;
  }

  /**
   * Makes an empty data file where there is none.
   * @throws CosimoError `store_unavailable` when the file can't be locked, or is locked by another process or another store of this one
   */
  static take(dir: string): FolderLock {
    const ownerFile = join(dir, OWNER_FILE);
    const descriptor = openSync(join(dir, DATA_FILE), 'a');
    try {
      requireLock(dir, descriptor, ownerFile);
    } catch (error) {
      closeSync(descriptor);
      throw error;
    }
    writeOwner(ownerFile);
    return new FolderLock(descriptor, ownerFile);
  }

  /** A second call does nothing: the number may be another file's by then. */
  release(): void {
    if (this.#descriptor === undefined) return;
    try {
      rmSync(this.#ownerFile, { force: true });
    } catch {
      // The folder can't be written: the file stays, and the next owner may overwrite it.
    }
    closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }
}

function requireLock(dir: string, descriptor: number, ownerFile: string): void {
  let locked: boolean;
  try {
    locked = native.lockFile(descriptor);
  } catch (cause) {
    const reason = (cause as Error).message;
    throw new CosimoError('store_unavailable', `DATA_DIR=${dir} cannot be used: ${reason}`, { cause });
  }
  if (locked) return;
  const sentence = `DATA_DIR=${dir} is in use by ${ownerOf(ownerFile)}: stop it or set another DATA_DIR.`;
  throw new CosimoError('store_unavailable', sentence);
}

function ownerOf(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim() || 'another process';
  } catch {
    return 'another process';
  }
}

/** A full disk must not keep the store from being read. */
function writeOwner(file: string): void {
  try {
    writeFileSync(file, `process ${process.pid} on ${hostname()}\n`);
  } catch {}
}
