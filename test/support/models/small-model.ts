/** A model of a few hundred kilobytes for the tests of its sources, with folders and settings of its own for each. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import type { ModelRequest } from '../../../src/model/source/resolve-model.ts';
import { manifestOf } from './model-server.ts';

const scratch = mkdtempSync(join(tmpdir(), 'cosimo-model-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
let folders = 0;
export const newFolder = () => {
  const folder = join(scratch, String(folders++));
  mkdirSync(folder);
  return folder;
};

const json = (value: unknown) => Buffer.from(JSON.stringify(value));
export const WEIGHTS = Buffer.from(Uint8Array.from({ length: 300_000 }, (_, at) => (at * 7919) % 251));
/** Small files that say what kind of model it is. The weights are made up: fetching doesn't read them. */
export const FILES = {
  'config.json': json({
    model_type: 'bert',
    hidden_act: 'gelu',
    hidden_size: 8,
    num_hidden_layers: 1,
    num_attention_heads: 2,
    intermediate_size: 32,
    vocab_size: 100,
    layer_norm_eps: 1e-12,
    max_position_embeddings: 16,
  }),
  'modules.json': json([{ type: 'x.Transformer' }, { type: 'x.Pooling', path: '1_Pooling' }, { type: 'x.Normalize' }]),
  '1_Pooling/config.json': json({ pooling_mode_mean_tokens: true, pooling_mode_cls_token: false }),
  'sentence_bert_config.json': json({ max_seq_length: 12 }),
  'tokenizer.json': json({ model: {} }),
  'model.safetensors': WEIGHTS,
};
export const PINNED = manifestOf(FILES);
const TIMEOUTS = { connect_ms: 300, stall_ms: 300, attempts: 4, backoff_ms: 5 };

export interface Setting {
  /** Without PATH, so that pip is not found. */
  readonly environment: NodeJS.ProcessEnv;
  readonly lines: string[];
  readonly request: ModelRequest;
}

export function setting(endpoint: string, more: NodeJS.ProcessEnv = {}, cache: string = newFolder()): Setting {
  const environment = {
    XDG_CACHE_HOME: cache,
    HF_HOME: join(cache, 'no-hf'),
    HF_ENDPOINT: endpoint,
    PATH: '',
    ...more,
  };
  const lines: string[] = [];
  const request = {
    model: 'org/small',
    pinned: PINNED,
    timeouts: TIMEOUTS,
    environment,
    log: (line: string) => lines.push(line),
  };
  return { environment, lines, request };
}

export const modelFolder = (cache: string) => join(cache, 'cosimo', 'models', 'org--small', PINNED.revision);

/** Asserts that a folder has exactly the model's files, to the byte, and no temporary ones. */
export function assertWhole(dir: string): void {
  for (const [path, body] of Object.entries(FILES)) assert.ok(readFileSync(join(dir, path)).equals(body), path);
  const names = readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((name) =>
    statSync(join(dir, name)).isFile(),
  );
  assert.deepEqual(names.toSorted(), Object.keys(FILES).toSorted());
}
