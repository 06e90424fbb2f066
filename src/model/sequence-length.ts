/** How many tokens of a text a model sees, and which of its files says so. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { JsonFile } from './json-file.ts';

/** The first that exists counts; the later ones are old names. */
export const SENTENCE_CONFIGS: readonly string[] = ['bert', 'roberta', 'distilbert', 'camembert', 'xlm-roberta'].map(
  (kind) => `sentence_${kind}_config.json`,
);
export const TOKENIZER_CONFIG = 'tokenizer_config.json';

export interface MaxSeqLength {
  /** Undefined where no file has it. */
  readonly tokens: number | undefined;
  /** Whether tokenizer_config.json was asked, since the other file has none. */
  readonly isOfTokenizer: boolean;
}

/**
 * `max_seq_length`; since its version 6 sentence-transformers writes it as the tokenizer's `model_max_length` instead.
 * @throws CosimoError `model_invalid`
 */
export async function readMaxSeqLength(dir: string): Promise<MaxSeqLength> {
  const file = await readSentenceConfig(dir);
  // The tokenizer lower-cases. Lower-casing before it would change the vectors.
  file.expect('do_lower_case', false, false);
  file.expect('transformer_task', 'feature-extraction', 'feature-extraction');
  file.expect('module_output_name', 'token_embeddings', 'token_embeddings');
  for (const key of ['query_length', 'document_length', 'query_expansion']) file.expect(key, null, null);
  if (file.value('max_seq_length') != null) return { tokens: file.count('max_seq_length'), isOfTokenizer: false };
  const tokenizer = await JsonFile.read(join(dir, TOKENIZER_CONFIG), 'optional');
  const hasLength = tokenizer.value('model_max_length') != null;
  return { tokens: hasLength ? tokenizer.count('model_max_length') : undefined, isOfTokenizer: true };
}

function readSentenceConfig(dir: string): Promise<JsonFile> {
  const paths = SENTENCE_CONFIGS.map((name) => join(dir, name));
  return JsonFile.read(paths.find((path) => existsSync(path)) ?? (paths[0] as string), 'optional');
}
