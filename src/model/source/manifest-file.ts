/** The manifest of a fetched model (commit, files, digests), kept beside its files for the next start. */
import { randomUUID } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolders } from '../../base/make-folders.ts';
import type { ModelManifest } from './manifest.ts';
import { isModelFile } from './model-files.ts';
import { sha256OfFile } from './transfer/digest.ts';

const pathOf = (folder: string, revision: string) => join(folder, `${encodeURIComponent(revision)}.json`);

/** @param folder the model's folder in our cache. @param revision as it was asked for: a branch, a tag or a commit */
export async function readManifest(folder: string, revision: string): Promise<ModelManifest | undefined> {
  try {
    const remembered = JSON.parse(await readFile(pathOf(folder, revision), 'utf8')) as ModelManifest;
    return isManifest(remembered) ? remembered : undefined;
  } catch {
    return undefined;
  }
}

/** Checked, since its paths are opened: the file may have been altered by hand or written by an earlier version. */
function isManifest({ revision, files }: ModelManifest): boolean {
  return /^[0-9a-f]{40}$/.test(revision) && files.every(({ path, sha256 }) => isModelFile(path) && Boolean(sha256));
}

/**
 * Writes the manifest. Call it once all files are there and checked: without a manifest they are not used. Digests that the
 * source didn't give are computed now.
 * @returns the manifest with a digest for every file
 */
export async function writeManifest(folder: string, revision: string, manifest: ModelManifest): Promise<ModelManifest> {
  const digestOf = (path: string) => sha256OfFile(join(folder, manifest.revision, path));
  const files = await Promise.all(
    manifest.files.map(async (file) => ({ ...file, sha256: file.sha256 ?? (await digestOf(file.path)) })),
  );
  const complete = { ...manifest, files };
  const path = pathOf(folder, revision);
  const partial = `${path}.${randomUUID()}`;
  makeFolders(folder);
  await writeFile(partial, JSON.stringify(complete));
  await rename(partial, path);
  return complete;
}
