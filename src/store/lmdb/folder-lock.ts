/** Keeps other processes out of a store's folder, those of other containers too: the system holds the lock. */
import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { CosimoError } from '../../errors.ts';
import { native } from '../../native/binding.ts';

const LOCK_FILE = 'cosimo.lock';

/** It ends with `release` or with the process, however that ends. The file stays: it says who has the lock. */
export class FolderLock {
  readonly #descriptor: number;

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
      ftruncateSync(descriptor);
      writeSync(descriptor, `process ${process.pid} on ${hostname()}\n`);
      return new FolderLock(descriptor);
    } catch (error) {
      closeSync(descriptor);
      throw error;
    }
  }

  release(): void {
    closeSync(this.#descriptor);
  }
}
