/** Prompts: text that a model wants before a query, a document or any other text. Most models have none. */
import { join } from 'node:path';
import { JsonFile } from './json-file.ts';

/** Each is put before the text as it stands; '' for none. */
export interface Prompts {
  /** The prompt of a text that is neither query nor document. */
  readonly text: string;
  readonly query: string;
  readonly document: string;
}

/** Names of the prompt for documents; the first that a model has is used. */
const DOCUMENT_PROMPTS = ['document', 'passage', 'corpus'];

/** Reads config_sentence_transformers.json. @throws CosimoError `model_invalid` */
export async function readPrompts(dir: string): Promise<Prompts> {
  const file = await JsonFile.read(join(dir, 'config_sentence_transformers.json'), 'optional');
  const prompts = promptsOf(file);
  const text = defaultPrompt(file, prompts);
  const document = DOCUMENT_PROMPTS.find((name) => prompts.has(name));
  return {
    text,
    query: prompts.get('query') ?? text,
    document: document === undefined ? text : (prompts.get(document) as string),
  };
}

function promptsOf(file: JsonFile): Map<string, string> {
  const prompts = file.value('prompts') ?? {};
  if (typeof prompts !== 'object' || Array.isArray(prompts)) throw file.invalid('has prompts that are no object');
  const entries = Object.entries(prompts).map(([name, prompt]): [string, string] => {
    if (prompt !== null && typeof prompt !== 'string') throw file.invalid(`has a prompt ${name} that is no text`);
    return [name, prompt ?? ''];
  });
  return new Map(entries);
}

function defaultPrompt(file: JsonFile, prompts: ReadonlyMap<string, string>): string {
  const name = file.value('default_prompt_name') ?? null;
  if (name === null) return '';
  const prompt = typeof name === 'string' ? prompts.get(name) : undefined;
  if (prompt === undefined) {
    const names = [...prompts.keys()].join(', ') || 'none';
    throw file.invalid(`has default_prompt_name ${JSON.stringify(name)}, which is none of its prompts (${names})`);
  }
  return prompt;
}
