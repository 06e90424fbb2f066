/** What a sentence-transformers folder says of its model, checked against what Cosimo can serve. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CosimoError } from '../errors.ts';

/** A BERT sentence encoder: mean pooling over the attention mask, L2 norm 1. */
export interface ModelConfig {
  readonly hiddenSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly intermediateSize: number;
  readonly layerNormEps: number;
  readonly vocabSize: number;
  /** Rows of the table of positions. */
  readonly maxPositions: number;
  readonly padTokenId: number;
  /** Tokens of a text, [CLS] and [SEP] included, that the model sees; at most `maxPositions`. */
  readonly maxSeqLength: number;
  readonly pooling: 'mean';
  readonly normalize: true;
}

type Json = Readonly<Record<string, unknown>>;

/** @throws CosimoError `model_invalid`, a sentence naming the file and what in it Cosimo can't serve */
export async function readModelConfig(dir: string): Promise<ModelConfig> {
  const bert = await JsonFile.read(join(dir, 'config.json'), 'required');
  bert.expect('model_type', 'bert');
  bert.expect('hidden_act', 'gelu');
  bert.expect('position_embedding_type', 'absolute', 'absolute');
  await checkModules(dir);
  await checkPrompts(dir);
  const [hiddenSize, heads] = [bert.count('hidden_size'), bert.count('num_attention_heads')];
  if (hiddenSize % heads !== 0) throw bert.invalid(`has hidden_size ${hiddenSize}, which ${heads} heads can't share`);
  const maxPositions = bert.count('max_position_embeddings');
  return {
    ...{ hiddenSize, heads, maxPositions },
    layers: bert.count('num_hidden_layers'),
    intermediateSize: bert.count('intermediate_size'),
    layerNormEps: bert.number('layer_norm_eps'),
    vocabSize: bert.count('vocab_size'),
    padTokenId: bert.number('pad_token_id', 0),
    maxSeqLength: Math.min(maxPositions, await readMaxSeqLength(dir, maxPositions)),
    ...{ pooling: 'mean', normalize: true },
  };
}

async function readMaxSeqLength(dir: string, fallback: number): Promise<number> {
  const file = await JsonFile.read(join(dir, 'sentence_bert_config.json'), 'optional');
  // Lower-casing is the tokenizer's business here; done before it, it would change the vectors.
  file.expect('do_lower_case', false, false);
  return file.count('max_seq_length', fallback);
}

/** A default prompt would be put before every text. */
async function checkPrompts(dir: string): Promise<void> {
  const file = await JsonFile.read(join(dir, 'config_sentence_transformers.json'), 'optional');
  file.expect('default_prompt_name', null, null);
}

/** modules.json lists the steps of the pipeline. */
async function checkModules(dir: string): Promise<void> {
  const path = join(dir, 'modules.json');
  const modules = await readJson(path, 'optional');
  if (!Array.isArray(modules)) throw invalid(path, 'is missing or no list: it tells how token vectors become one');
  const kinds = modules.map((module: Json | null) => String(module?.['type']).split('.').at(-1));
  if (kinds.join() !== 'Transformer,Pooling,Normalize') {
    throw invalid(path, `lists ${kinds.join(', ')}; Cosimo serves Transformer, Pooling, Normalize`);
  }
  const folder = String((modules[1] as Json)['path']);
  if (!/^\w+$/.test(folder))
    throw invalid(path, `has the pooling in ${JSON.stringify(folder)}, which is no folder here`);
  checkPooling(await JsonFile.read(join(dir, folder, 'config.json'), 'required'));
}

function checkPooling(pooling: JsonFile): void {
  const modes = pooling.entries().filter(([key, value]) => key.startsWith('pooling_mode') && value !== false);
  const names = modes.map(([key, value]) => (value === true ? key : String(value)));
  if (names.join() !== 'pooling_mode_mean_tokens' && names.join() !== 'mean') {
    throw pooling.invalid(`asks for ${names.join(', ') || 'no pooling'}; Cosimo serves mean pooling`);
  }
}

class JsonFile {
  readonly #path: string;
  readonly #json: Json;

  private constructor(path: string, json: Json) {
    this.#path = path;
    this.#json = json;
  }

  /** One that is optional and missing is as an empty one. */
  static async read(path: string, need: 'required' | 'optional'): Promise<JsonFile> {
    const json = (await readJson(path, need)) ?? {};
    if (typeof json !== 'object' || Array.isArray(json)) throw invalid(path, 'holds no JSON object');
    return new JsonFile(path, json as Json);
  }

  invalid(fault: string): CosimoError {
    return invalid(this.#path, fault);
  }

  entries(): [key: string, value: unknown][] {
    return Object.entries(this.#json);
  }

  expect(key: string, wanted: string | boolean | null, fallback?: string | boolean | null): void {
    const value = this.#json[key] ?? fallback;
    if (value !== wanted)
      throw this.invalid(`has ${key} ${JSON.stringify(value)}; Cosimo serves ${JSON.stringify(wanted)}`);
  }

  number(key: string, fallback?: number): number {
    const value = this.#json[key] ?? fallback;
    if (typeof value !== 'number') throw this.invalid(`has no number as ${key}`);
    return value;
  }

  count(key: string, fallback?: number): number {
    const value = this.number(key, fallback);
    if (!Number.isInteger(value) || value < 1) throw this.invalid(`has ${key} ${value}, which is no count`);
    return value;
  }
}

async function readJson(path: string, need: 'required' | 'optional'): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    if (need === 'optional' && (cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw invalid(path, `cannot be read: ${(cause as Error).message}`);
  }
}

function invalid(path: string, fault: string): CosimoError {
  return new CosimoError('model_invalid', `${path} ${fault}.`);
}
