/** Which files a model is made of, at which revision, with which digests. */
import { missingShards, weightFilesAmong } from '../weight-files.ts';

export interface ModelFile {
  /** Path within the model's folder, with forward slashes. */
  readonly path: string;
  /** Size and digest are absent when the source doesn't give them. */
  readonly bytes?: number;
  readonly sha256?: string;
}

export interface ModelManifest {
  /** org/name on the hub. */
  readonly name: string;
  /** The commit. */
  readonly revision: string;
  readonly files: readonly ModelFile[];
}

/** Every model has these, and weights of some kind. */
const REQUIRED_FILES = ['config.json', 'modules.json', 'tokenizer.json'];

/** @returns the same manifest. @throws Error naming the missing files */
export function requireAllFiles(manifest: ModelManifest): ModelManifest {
  const paths = manifest.files.map(({ path }) => path);
  const missing = REQUIRED_FILES.filter((required) => !paths.includes(required));
  const weights = weightFilesAmong(paths);
  if (weights === undefined) missing.push('model.safetensors');
  if (weights?.kind === 'sharded') missing.push(...missingShards(paths));
  if (missing.length > 0) throw new Error(`has no ${missing.join(', ')}`);
  return manifest;
}
