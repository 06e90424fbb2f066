/** What a sentence-transformers folder says of its model, checked against what Cosimo can serve. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CosimoError } from '../errors.ts';

/** A BERT sentence encoder: mean pooling over the attention mask, L2 norm 1. */
export interface ModelConfig {
  readonly hiddenSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly layerNormEps: number;
  readonly padTokenId: number;
  /** Tokens of a text, [CLS] and [SEP] included, that the model sees. */
  readonly maxSeqLength: number;
}

type Json = Readonly<Record<string, unknown>>;

/** @throws CosimoError `model_invalid`, a sentence naming the file and what in it Cosimo can't serve */
export async function readModelConfig(dir: string): Promise<ModelConfig> {
  const bert = new JsonFile(join(dir, 'config.json'), await readJson(join(dir, 'config.json'), 'required'));
  bert.expect('model_type', 'bert');
  bert.expect('hidden_act', 'gelu');
  bert.expect('position_embedding_type', 'absolute', 'absolute');
  await checkModules(dir);
  const positions = bert.count('max_position_embeddings');
  return {
    hiddenSize: bert.count('hidden_size'),
    layers: bert.count('num_hidden_layers'),
    heads: bert.count('num_attention_heads'),
    layerNormEps: bert.number('layer_norm_eps'),
    padTokenId: bert.number('pad_token_id', 0),
    maxSeqLength: Math.min(positions, await readMaxSeqLength(dir, positions)),
  };
}

async function readMaxSeqLength(dir: string, fallback: number): Promise<number> {
  const path = join(dir, 'sentence_bert_config.json');
  return new JsonFile(path, await readJson(path, 'optional')).count('max_seq_length', fallback);
}

/** modules.json lists the steps of the pipeline; without it sentence-transformers itself would take mean pooling. */
async function checkModules(dir: string): Promise<void> {
  const path = join(dir, 'modules.json');
  const modules = await readJson(path, 'optional');
  if (!Array.isArray(modules)) throw invalid(path, 'is missing: it tells how token vectors become one');
  const kinds = modules.map((module: Json) => String(module['type']).split('.').at(-1));
  if (kinds.join() !== 'Transformer,Pooling,Normalize') {
    throw invalid(path, `lists ${kinds.join(', ')}; Cosimo serves Transformer, Pooling, Normalize`);
  }
  await checkPooling(join(dir, String((modules[1] as Json)['path']), 'config.json'));
}

async function checkPooling(path: string): Promise<void> {
  const pooling = await readJson(path, 'required');
  const modes = Object.entries(pooling as Json).filter(
    ([key, value]) => key.startsWith('pooling_mode') && value !== false,
  );
  const names = modes.map(([key, value]) => (value === true ? key : String(value)));
  if (names.join() !== 'pooling_mode_mean_tokens' && names.join() !== 'mean') {
    throw invalid(path, `asks for ${names.join(', ') || 'no pooling'}; Cosimo serves mean pooling`);
  }
}

class JsonFile {
  readonly #path: string;
  readonly #json: Json;

  constructor(path: string, json: unknown) {
    this.#path = path;
    this.#json = (json ?? {}) as Json;
  }

  expect(key: string, wanted: string, fallback?: string): void {
    const value = this.#json[key] ?? fallback;
    if (value !== wanted)
      throw invalid(this.#path, `has ${key} ${JSON.stringify(value)}; Cosimo serves ${JSON.stringify(wanted)}`);
  }

  number(key: string, fallback?: number): number {
    const value = this.#json[key] ?? fallback;
    if (typeof value !== 'number') throw invalid(this.#path, `has no number as ${key}`);
    return value;
  }

  count(key: string, fallback?: number): number {
    const value = this.number(key, fallback);
    if (!Number.isInteger(value) || value < 1) throw invalid(this.#path, `has ${key} ${value}, which is no count`);
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
