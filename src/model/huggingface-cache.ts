/** Models that the Hugging Face libraries have fetched on this machine. */
import { constants, copyFile, readFile, realpath } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Delivery } from './delivery.ts';
import type { ModelFile } from './manifest.ts';
import { acceptPartial, claimPartial } from './partial-file.ts';

/** The folder of one model's snapshots; HF_HUB_CACHE and HF_HOME say where, as they do for those libraries. */
export function huggingFaceFolder(name: string, environment: NodeJS.ProcessEnv): string {
  const home =
    environment['HF_HOME'] || join(environment['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'huggingface');
  return join(environment['HF_HUB_CACHE'] || join(home, 'hub'), `models--${name.replace('/', '--')}`);
}

/** The commit that a branch or tag stood for when it was fetched. @throws Error */
export async function huggingFaceCommit(folder: string, revision: string): Promise<string> {
  if (/^[0-9a-f]{40}$/.test(revision)) return revision;
  return (await readFile(join(folder, 'refs', revision), 'utf8')).trim();
}

/**
 * Copies the files of a snapshot into our cache. A snapshot is made of symbolic links, and ONNX Runtime refuses one in the
 * place of the weights; a hard link would let a mishap here reach into the other cache.
 * @throws Error in a few words
 */
export async function takeFromHuggingFace(folder: string, commit: string, delivery: Delivery): Promise<void> {
  for (const file of delivery.files) await takeFile(join(folder, 'snapshots', commit), file, delivery.dir);
}

async function takeFile(snapshot: string, file: ModelFile, dir: string): Promise<void> {
  const source = await realpath(join(snapshot, file.path));
  const path = join(dir, file.path);
  const partial = await claimPartial(path);
  await copyFile(source, partial, constants.COPYFILE_FICLONE);
  await acceptPartial(partial, path, file);
}
