/**
 * Files under temporary names. A file gets its name only when it is whole and checked: what has its name is whole.
 * Each process writes to a name of its own, so that two that start together don't break each other; what a dead process
 * left behind is taken over.
 */
import { randomUUID } from 'node:crypto';
import { access, constants, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { CosimoError } from '../errors.ts';
import { faultOfFile } from './digest.ts';
import type { ModelFile } from './manifest.ts';

const PARTIAL = /\.partial-(\d+)-[0-9a-f-]+$/;

/** The temporary name for `path`, with what an earlier process had of the file, if any. */
export async function claimPartial(path: string): Promise<string> {
  const folder = dirname(path);
  await makeFolder(folder);
  const partial = `${path}.partial-${process.pid}-${randomUUID()}`;
  const left = (await readdir(folder)).filter(
    (name) => name.startsWith(`${basename(path)}.partial-`) && isOrphan(name),
  );
  // Only one of several claimants can rename it; the others begin anew.
  for (const name of left) if (await renamed(join(folder, name), partial)) break;
  await (await open(partial, 'a')).close();
  return partial;
}

/** Keeps what has come of the file for whoever claims it next; nothing is kept of nothing. */
export async function leavePartial(partial: string, path: string): Promise<void> {
  if ((await stat(partial)).size === 0) await rm(partial);
  else await rename(partial, `${path}.partial-left-${randomUUID()}`);
}

/** @throws CosimoError `model_unavailable`, saying what to set when the folder can't be written */
export async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    await access(folder, constants.W_OK);
  } catch (cause) {
    const reason = `the folder ${folder} cannot be written (${(cause as Error).message}); set XDG_CACHE_HOME to one that can`;
    throw new CosimoError('model_unavailable', reason, { cause });
  }
}

/** Checks the file, makes sure that it is on the disk and gives it its name. @throws Error naming the fault; the file is gone then */
export async function acceptPartial(partial: string, path: string, expected: ModelFile): Promise<void> {
  const fault = await faultOfFile(partial, expected);
  if (fault !== undefined) {
    await rm(partial, { force: true });
    throw new Error(`${expected.path} ${fault}`);
  }
  const handle = await open(partial);
  await handle.sync();
  await handle.close();
  await rename(partial, path);
}

function isOrphan(name: string): boolean {
  const pid = PARTIAL.exec(name)?.[1];
  if (pid === undefined) return true; // left on purpose
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

async function renamed(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch {
    return false;
  }
}
