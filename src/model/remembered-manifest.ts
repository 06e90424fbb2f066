/** What the hub said of a model when it was fetched (commit, files, digests), kept beside the files for the next start. */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256OfFile } from './digest.ts';
import type { ModelManifest } from './manifest.ts';

const pathOf = (folder: string, revision: string) => join(folder, `${encodeURIComponent(revision)}.json`);

/** @param folder of the model in our cache; @param revision as it was asked for: a branch, a tag or a commit */
export async function recallManifest(folder: string, revision: string): Promise<ModelManifest | undefined> {
  try {
    return JSON.parse(await readFile(pathOf(folder, revision), 'utf8')) as ModelManifest;
  } catch {
    return undefined;
  }
}

/** Written when all files are there: without it they count for nothing. Digests that the hub didn't tell are taken now. */
export async function rememberManifest(folder: string, revision: string, manifest: ModelManifest): Promise<void> {
  const files = await Promise.all(
    manifest.files.map(async (file) => ({
      ...file,
      sha256: await sha256OfFile(join(folder, manifest.revision, file.path)),
    })),
  );
  const path = pathOf(folder, revision);
  const partial = `${path}.${process.pid}`;
  await mkdir(folder, { recursive: true });
  await writeFile(partial, JSON.stringify({ ...manifest, files }));
  await rename(partial, path);
}
