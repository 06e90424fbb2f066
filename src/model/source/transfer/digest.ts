/** Compares files with what the manifest says. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { ModelFile } from '../manifest.ts';

const READ_BYTES = 1 << 20;

/** SHA-256, in lower-case hexadecimal. */
export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: READ_BYTES }), hash);
  return hash.digest('hex');
}

/** What is wrong with the file at `path`, in a few words; undefined when it is what `expected` says. */
export async function faultOfFile(path: string, expected: ModelFile): Promise<string | undefined> {
  try {
    const { size } = await stat(path);
    if (expected.bytes !== undefined && size !== expected.bytes)
      return `has ${size} bytes instead of ${expected.bytes}`;
    if (expected.sha256 === undefined) return undefined;
    const sha256 = await sha256OfFile(path);
    return sha256 === expected.sha256 ? undefined : `has the SHA-256 ${sha256} instead of ${expected.sha256}`;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'is missing' : (error as Error).message;
  }
}

/** The first fault among a folder's files, with the file's name. */
export async function faultOfFolder(dir: string, files: readonly ModelFile[]): Promise<string | undefined> {
  for (const file of files) {
    const fault = await faultOfFile(join(dir, file.path), file);
    if (fault !== undefined) return `${file.path} ${fault}`;
  }
  return undefined;
}

/** The files that a folder lacks or that differ there. A file without a digest is always among them: it can't be checked. */
export async function filesToFetch(dir: string, files: readonly ModelFile[]): Promise<ModelFile[]> {
  const wanted: ModelFile[] = [];
  for (const file of files) {
    if (file.sha256 === undefined || (await faultOfFile(join(dir, file.path), file)) !== undefined) wanted.push(file);
  }
  return wanted;
}
