/** Models that the Hugging Face libraries have fetched on this machine. */
import { constants, copyFile, readFile, realpath } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { type ModelFile, type ModelManifest, requireAllFiles } from './manifest.ts';
import { modelFilesIn } from './model-files.ts';
import { commitPartial, openPartial } from './transfer/partial-file.ts';
import type { FetchJob } from './transfer/transfer-options.ts';

/** The folder of one model's snapshots; HF_HUB_CACHE (HUGGINGFACE_HUB_CACHE in older ones) and HF_HOME say where. */
export function huggingFaceFolder(name: string, environment: NodeJS.ProcessEnv): string {
  const caches = environment['XDG_CACHE_HOME'] || join(environment['HOME'] || homedir(), '.cache');
  const home = environment['HF_HOME'] || join(caches, 'huggingface');
  const hub = environment['HF_HUB_CACHE'] || environment['HUGGINGFACE_HUB_CACHE'] || join(home, 'hub');
  return join(hub, `models--${name.replace('/', '--')}`);
}

export const snapshotFolder = (folder: string, commit: string) => join(folder, 'snapshots', commit);

/** The commit that a branch or tag stood for when it was fetched. @throws Error */
export async function huggingFaceCommit(folder: string, revision: string): Promise<string> {
  if (/^[0-9a-f]{40}$/.test(revision)) return revision;
  const commit = (await readFile(join(folder, 'refs', revision), 'utf8')).trim();
  if (!/^[0-9a-f]{40}$/.test(commit)) throw new Error(`refs/${revision} names no commit`);
  return commit;
}

/** The files of a snapshot. It may be incomplete, since those libraries fetch file by file. @throws Error when it is */
export async function listSnapshot(folder: string, name: string, commit: string): Promise<ModelManifest> {
  const snapshot = snapshotFolder(folder, commit);
  const files = await Promise.all((await modelFilesIn(snapshot)).map((path) => toModelFile(snapshot, path)));
  return requireAllFiles({ name, revision: commit, files });
}

/** A large file is named by its SHA-256, a small one by git's digest, which is shorter. */
async function toModelFile(snapshot: string, path: string): Promise<ModelFile> {
  const blob = basename(await realpath(join(snapshot, path)));
  return /^[0-9a-f]{64}$/.test(blob) ? { path, sha256: blob } : { path };
}

/**
 * Copies the files of a snapshot into our cache. A snapshot has symbolic links, which ONNX Runtime refuses for weights; with
 * hard links, damage to our file would be damage to the other cache.
 * @throws Error in a few words
 */
export async function takeFromHuggingFace(folder: string, commit: string, job: FetchJob): Promise<void> {
  for (const file of job.files) await takeFile(snapshotFolder(folder, commit), file, job.dir);
}

async function takeFile(snapshot: string, file: ModelFile, dir: string): Promise<void> {
  const source = await realpath(join(snapshot, file.path));
  const path = join(dir, file.path);
  const partial = await openPartial(path);
  await copyFile(source, partial, constants.COPYFILE_FICLONE);
  await commitPartial(partial, path, file);
}
