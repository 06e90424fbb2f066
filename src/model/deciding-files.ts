/** Which files of a model's folder decide over its vectors. */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DECIDING_FILES, isDecidingFile } from './manifest.ts';

/** Paths within the folder, with forward slashes, in the order of the fingerprint; links count, wherever they lead. */
export async function decidingFilesIn(dir: string): Promise<string[]> {
  const names = await readdir(dir);
  const inFolders = names.map((name) => `${name}/config.json`).filter((path) => existsSync(join(dir, path)));
  const found = [...names, ...inFolders.toSorted()].filter(isDecidingFile);
  const [known, others] = [DECIDING_FILES.filter((path) => found.includes(path)), found.filter(isOther)];
  return [...known, ...others];
}

const isOther = (path: string) => !DECIDING_FILES.includes(path);
