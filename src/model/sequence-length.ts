/** How many tokens of a text a model sees, and which of its files says so. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { JsonFile } from './json-file.ts';

/** The first that exists counts; the later ones are old names. */
export const SENTENCE_CONFIGS: readonly string[] = ['bert', 'roberta', 'distilbert', 'camembert', 'xlm-roberta'].map(
  (kind) => `sentence_${kind}_config.json`,
);
export const TOKENIZER_CONFIG = 'tokenizer_config.json';

/**
 * `max_seq_length`; since its version 6 sentence-transformers writes it as the tokenizer's `model_max_length` instead.
 * @returns undefined where no file has it. @throws CosimoError `model_invalid`
 */
export async function readMaxSeqLength(dir: string): Promise<number | undefined> {
  const file = await readSentenceConfig(dir);
  // The tokenizer lower-cases. Lower-casing before it would change the vectors.
  file.expect('do_lower_case', false, false);
  file.expect('transformer_task', 'feature-extraction', 'feature-extraction');
  file.expect('module_output_name', 'token_embeddings', 'token_embeddings');
  for (const key of ['query_length', 'document_length', 'query_expansion']) file.expect(key, null, null);
  if (hasLength(file)) return file.count('max_seq_length');
  const tokenizer = await JsonFile.read(join(dir, TOKENIZER_CONFIG), 'optional');
  return tokenizer.value('model_max_length') == null ? undefined : tokenizer.count('model_max_length');
}

/** Whether `max_seq_length` comes from tokenizer_config.json. False for an unreadable file, which is refused elsewhere. */
export async function tokenizerConfigDecides(dir: string): Promise<boolean> {
  return readSentenceConfig(dir).then(
    (file) => !hasLength(file),
    () => false,
  );
}

function readSentenceConfig(dir: string): Promise<JsonFile> {
  const paths = SENTENCE_CONFIGS.map((name) => join(dir, name));
  return JsonFile.read(paths.find((path) => existsSync(path)) ?? (paths[0] as string), 'optional');
}

const hasLength = (file: JsonFile) => file.value('max_seq_length') != null;
