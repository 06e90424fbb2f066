/**
 * The user's own folder, MODEL_DIR: it is used as it is, never written to, and its digests are not checked. ONNX Runtime
 * refuses weights that are a symbolic link out of their folder, and a snapshot of the Hugging Face cache consists of such
 * links. Then the files are copied into a folder of our cache.
 */
import { createHash, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { constants, copyFile, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { makeFolders } from '../../base/make-folders.ts';
import { CosimoError } from '../../errors.ts';
import { modelFilesIn } from './model-files.ts';
import { makeWritableFolder } from './transfer/partial-file.ts';

/** @returns absolute path of a folder whose model files are no symbolic links, and these files. @throws CosimoError */
export async function resolveModelDir(modelDir: string, cacheRoot: string): Promise<{ dir: string; paths: string[] }> {
  const dir = await realpath(resolve(modelDir)).catch((cause) => {
    throw new CosimoError('model_unavailable', `MODEL_DIR=${modelDir} cannot be opened: ${cause.message}`, { cause });
  });
  const paths = await modelFilesIn(dir);
  const files = await Promise.all(paths.map((path) => realFile(dir, path)));
  const isPlain = files.every(({ path, real }) => join(dir, path) === real);
  return { dir: isPlain ? dir : await gather(files, join(cacheRoot, 'gathered')), paths };
}

interface RealFile {
  readonly path: string;
  readonly real: string;
  /** Changes when the file does. */
  readonly state: string;
}

async function realFile(dir: string, path: string): Promise<RealFile> {
  const real = await realpath(join(dir, path)).catch((cause) => {
    throw new CosimoError('model_invalid', `${join(dir, path)} leads nowhere: ${cause.message}`, { cause });
  });
  const { dev, ino, size, mtimeNs } = await stat(real, { bigint: true });
  return { path, real, state: [dev, ino, size, mtimeNs].join() };
}

/** The folder is named after the state of its files, made aside and renamed: what has its name is whole and current. */
async function gather(files: readonly RealFile[], parent: string): Promise<string> {
  const key = createHash('sha256').update(JSON.stringify(files)).digest('hex').slice(0, 32);
  const dir = join(parent, key);
  if (existsSync(dir)) return dir;
  await makeWritableFolder(parent);
  const aside = `${dir}.${randomUUID()}`;
  for (const { path, real } of files) {
    makeFolders(dirname(join(aside, path)));
    await copyFile(real, join(aside, path), constants.COPYFILE_FICLONE);
  }
  try {
    await rename(aside, dir);
  } catch (error) {
    await rm(aside, { recursive: true, force: true });
    if (!existsSync(dir)) throw error; // if it exists, another process was faster
  }
  return dir;
}
