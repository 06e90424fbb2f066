/** An opened LMDB environment: one process has it open at a time, and a write is on the disk once it is answered. */
import { mkdirSync } from 'node:fs';
import { CosimoError } from '../../errors.ts';
import { type Databases, openDatabases } from './layout.ts';

export interface LmdbEnvironment extends Databases {
  readonly dir: string;
}

/** @throws CosimoError `store_unavailable` when the folder can't be used */
export function openEnvironment(dir: string): LmdbEnvironment {
  try {
    mkdirSync(dir, { recursive: true });
    return { dir, ...openDatabases(dir) };
  } catch (cause) {
    throw new CosimoError('store_unavailable', `DATA_DIR=${dir} cannot be opened: ${(cause as Error).message}`, {
      cause,
    });
  }
}

/**
 * Two processes must not share a store: each keeps in memory what it has read, and would not see the other's writes.
 * Call it after a first read, which enters this process in the table of readers. Other processes see it there.
 * @throws CosimoError `store_unavailable` when another process has the store open
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
 * Runs `change` in a transaction of its own inside the next commit. Resolves once that commit is on the disk.
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
