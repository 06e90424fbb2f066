/**
 * Files under temporary names. A file gets its final name only when it is whole and checked.
 * Each process writes to a temporary name of its own, so that processes that start together don't disturb each other; a file
 * that a dead process left is taken over. Machines or containers may share the folder, so the name tells the host too: a
 * process id means nothing on another one.
 */
import { createHash, randomUUID } from 'node:crypto';
import { access, constants, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { makeFolders } from '../../../base/make-folders.ts';
import { CosimoError } from '../../../errors.ts';
import type { ModelFile } from '../manifest.ts';
import { faultOfFile } from './digest.ts';

const HOST = createHash('sha256').update(hostname()).digest('hex').slice(0, 8);
const PARTIAL = /\.partial-(?<host>[0-9a-f]{8})-(?<pid>\d+)-[0-9a-f-]+$/;
/** A running download has written within this time: it gives up on a silent server much sooner. */
const ABANDONED_AFTER_MS = 10 * 60_000;

/** Makes a temporary file for `path`, with the bytes that an earlier process left, if any. @returns its name */
export async function openPartial(path: string): Promise<string> {
  await makeWritableFolder(dirname(path));
  const partial = `${path}.partial-${HOST}-${process.pid}-${randomUUID()}`;
  // Only one of several processes can rename it; the others begin anew.
  for (const orphan of await orphansOf(path)) if (await renamed(orphan, partial)) break;
  await dropLink(partial);
  await (await open(partial, 'a')).close();
  return partial;
}

/** Keeps the bytes so far for the next `openPartial`; an empty file is removed. */
export async function keepPartial(partial: string, path: string): Promise<void> {
  const { size = 0 } = (await stat(partial).catch(() => undefined)) ?? {};
  if (size === 0) await rm(partial, { force: true });
  else await renamed(partial, `${path}.partial-left-${randomUUID()}`);
}

/** @throws CosimoError `model_unavailable`, saying what to set when the folder can't be written */
export async function makeWritableFolder(folder: string): Promise<void> {
  try {
    makeFolders(folder);
    await access(folder, constants.W_OK);
  } catch (cause) {
    const reason = `the folder ${folder} cannot be written (${(cause as Error).message}); set XDG_CACHE_HOME to one that can`;
    throw new CosimoError('model_unavailable', reason, { cause });
  }
}

/** Checks the file, syncs it to disk and gives it its final name. @throws Error naming the fault, after removing the file */
export async function commitPartial(partial: string, path: string, expected: ModelFile): Promise<void> {
  const fault = await faultOfFile(partial, expected);
  if (fault !== undefined) {
    await rm(partial, { force: true });
    throw new Error(`${expected.path} ${fault}`);
  }
  await syncToDisk(partial);
  await rename(partial, path);
  for (const orphan of await orphansOf(path)) await rm(orphan, { force: true });
}

async function syncToDisk(path: string): Promise<void> {
  const handle = await open(path, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A file with a second hard link is also used elsewhere: it must not be written to. */
async function dropLink(partial: string): Promise<void> {
  const found = await stat(partial).catch(() => undefined);
  if (found !== undefined && found.nlink > 1) await rm(partial);
}

async function orphansOf(path: string): Promise<string[]> {
  const folder = dirname(path);
  const candidates = (await readdir(folder)).filter((name) => name.startsWith(`${basename(path)}.partial-`));
  const paths = candidates.map((name) => join(folder, name));
  const orphaned = await Promise.all(paths.map(isOrphan));
  return paths.filter((_, at) => orphaned[at]);
}

async function isOrphan(partial: string): Promise<boolean> {
  if (/\.partial-left-[0-9a-f-]+$/.test(partial)) return true; // left on purpose
  const { host, pid } = PARTIAL.exec(partial)?.groups ?? {};
  if (host === HOST && !isRunning(Number(pid))) return true;
  const found = await stat(partial).catch(() => undefined);
  return found !== undefined && Date.now() - found.mtimeMs > ABANDONED_AFTER_MS;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
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
