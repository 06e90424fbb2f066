/** The files of a sentence-transformers folder that affect its vectors. */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelConfig } from '../model-config.ts';
import { SENTENCE_CONFIGS, TOKENIZER_CONFIG } from '../sequence-length.ts';
import { mayBeWeights, weightFilesAmong } from '../weight-files.ts';

/** The first files of the fingerprint, in its order; others follow by name. */
const MODEL_FILES: readonly string[] = [
  'config.json',
  'model.safetensors',
  'modules.json',
  'sentence_bert_config.json',
  'config_sentence_transformers.json',
  'tokenizer.json',
  '1_Pooling/config.json',
];

/** A module's folder is named after its position and kind, such as `1_Pooling`. */
const MODULE_CONFIG = /^\d+_\w+\/config\.json$/;

/** Whether a file of this name may affect the vectors. No accepted name can escape the model's folder. */
export const isModelFile = (path: string) =>
  [...MODEL_FILES, ...SENTENCE_CONFIGS, TOKENIZER_CONFIG].includes(path) ||
  MODULE_CONFIG.test(path) ||
  mayBeWeights(path);

/**
 * The files that may affect the vectors, in the order of the fingerprint. Of the weights only one kind is among them.
 * @param paths of a folder or a listing, trusted or not
 */
export function modelFilesAmong(paths: readonly string[]): string[] {
  const weights = weightFilesAmong(paths)?.paths ?? [];
  const found = [...new Set(paths)].filter(
    (path) => isModelFile(path) && (!mayBeWeights(path) || weights.includes(path)),
  );
  const known = MODEL_FILES.filter((path) => found.includes(path));
  return [...known, ...found.filter((path) => !known.includes(path)).toSorted()];
}

/** Such files may lie in a subfolder. */
const INNER_FILES = ['config.json', 'model.onnx', 'model.onnx_data'];

/** Paths within the folder, with forward slashes, in the order of the fingerprint. Symbolic links count as files. */
export async function modelFilesIn(dir: string): Promise<string[]> {
  const names = await readdir(dir);
  const inFolders = names.flatMap((name) => INNER_FILES.map((inner) => `${name}/${inner}`));
  return modelFilesAmong([...names, ...inFolders.filter((path) => existsSync(join(dir, path)))]);
}

/** Those that do affect the vectors, among the files that may. */
export function fingerprintFiles(
  files: readonly string[],
  config: Pick<ModelConfig, 'tokenizerConfigDecides'>,
): string[] {
  return files.filter((path) => path !== TOKENIZER_CONFIG || config.tokenizerConfigDecides);
}
