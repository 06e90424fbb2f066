/** Keeps other processes out of a store's folder, those of other containers too: the system holds the lock. */
import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { CosimoError } from '../../errors.ts';
import { native } from '../../native/binding.ts';

const LOCK_FILE = 'cosimo.lock';

/** It ends with `release` or with the process, however that ends. The file stays: it says who has the lock. */
export class FolderLock {
  #descriptor: number | undefined;

  private constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  /** @throws CosimoError `store_unavailable` when another process, or another store of this one, has it; Error when the file can't be locked */
  static take(dir: string): FolderLock {
    const path = join(dir, LOCK_FILE);
    const descriptor = openSync(path, 'a+');
    try {
      if (!native.lockFile(descriptor)) {
        const owner = readFileSync(path, 'utf8').trim() || 'another process';
        throw new CosimoError(
          'store_unavailable',
          `DATA_DIR=${dir} is in use by ${owner}: stop it or set another DATA_DIR.`,
        );
      }
      writeOwner(descriptor);
      return new FolderLock(descriptor);
    } catch (error) {
      closeSync(descriptor);
      throw error;
    }
  }

  /** A second call does nothing: the number may be another file's by then. */
  release(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }
}

/** For people alone: a full disk must not keep the store from being read. */
function writeOwner(descriptor: number): void {
  try {
    ftruncateSync(descriptor);
    writeSync(descriptor, `process ${process.pid} on ${hostname()}\n`);
  } catch {}
}
