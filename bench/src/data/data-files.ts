/** Files that the benchmark makes and keeps from run to run. They can be deleted at any time. */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The number rises when a generator changes, so that files of the older one aren't used. */
export const DATA_DIR = fileURLToPath(new URL('../../.data/1', import.meta.url));

/** Makes `name` in the data folder unless it exists: whole or not at all, even when another process makes it too. */
export async function makeOnce(name: string, make: (path: string) => Promise<void>): Promise<string> {
  const path = join(DATA_DIR, name);
  if (existsSync(path)) return path;
  mkdirSync(DATA_DIR, { recursive: true });
  const partial = `${path}.${process.pid}.partial`;
  try {
    await make(partial);
    if (!existsSync(path)) renameSync(partial, path);
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
  return path;
}

/** Removes unfinished files and contenders' folders that killed runs left behind. */
export function sweepLeftovers(): void {
  if (!existsSync(DATA_DIR)) return;
  for (const name of readdirSync(DATA_DIR)) {
    const owner = /^scratch-(\d+)-|\.(\d+)\.partial/.exec(name);
    const pid = Number(owner?.[1] ?? owner?.[2]);
    if (owner !== null && !isRunning(pid)) rmSync(join(DATA_DIR, name), { recursive: true, force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
