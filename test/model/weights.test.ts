/** The weights in a folder: which kind is chosen, and the errors for damaged shards and tensors. */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, test } from 'vitest';
import { createOnnxEncoder } from '../../src/encoder/onnx/onnx-encoder.ts';
import { readModel } from '../../src/model/model.ts';
import { readModelConfig } from '../../src/model/model-config.ts';
import { fingerprintFiles, modelFilesIn } from '../../src/model/source/model-files.ts';
import { readWeights } from '../../src/model/weights.ts';
import { onnxModel } from '../support/models/onnx-model.ts';

const FIXTURES = fileURLToPath(new URL('../fixtures/models/', import.meta.url));
const INDEX = 'model.safetensors.index.json';
const scratch = mkdtempSync(join(tmpdir(), 'cosimo-weights-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function copyOf(model: string): string {
  const dir = mkdtempSync(join(scratch, 'model-'));
  cpSync(FIXTURES + model, dir, { recursive: true });
  return dir;
}

type Json = Record<string, unknown>;

function changeJson(path: string, change: (json: Json) => Json): void {
  writeFileSync(path, JSON.stringify(change(JSON.parse(readFileSync(path, 'utf8')))));
}

/** Rewrites the header of a safetensors file; the data stays. */
function changeHeader(path: string, change: (header: Json) => Json): void {
  const file = readFileSync(path);
  const end = 8 + Number(file.readBigUInt64LE(0));
  const header = Buffer.from(JSON.stringify(change(JSON.parse(file.subarray(8, end).toString()))));
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(header.length));
  writeFileSync(path, Buffer.concat([prefix, header, file.subarray(end)]));
}

const open = async (modelDir: string) =>
  createOnnxEncoder({
    model: await readModel(modelDir),
    device: 'cpu',
    deviceId: 0,
    precision: 'fp32',
    threads: 1,
    log: () => {},
  });
const encode = async (modelDir: string) => {
  const encoder = await open(modelDir);
  const vector = await encoder.encode([Int32Array.of(2, 7, 9, 3)]);
  await encoder.close();
  return [...vector];
};

describe('which weights are taken', () => {
  test('model.safetensors before shards before onnx/model.onnx before model.onnx; the others have no effect', async () => {
    const dir = copyOf('bert-cls-f16-sharded');
    mkdirSync(join(dir, 'onnx'));
    const names = ['model.safetensors', 'onnx/model.onnx', 'onnx/model.onnx_data', 'model.onnx', 'model.onnx_data'];
    for (const name of names)
      writeFileSync(join(dir, name), readFileSync(join(FIXTURES, 'bert-max-bf16/model.safetensors')));
    const kinds = [];
    for (const gone of ['model.safetensors', INDEX, 'onnx/model.onnx', 'model.onnx']) {
      const weights = await readWeights(dir);
      const modelFiles = (await modelFilesIn(dir)).filter((name) => /safetensors|onnx/.test(name));
      kinds.push([weights.kind === 'onnx' ? weights.file : weights.source, ...modelFiles]);
      rmSync(join(dir, gone));
    }
    const shards = [1, 2, 3].map((at) => `model-0000${at}-of-00003.safetensors`);
    assert.deepEqual(kinds, [
      ['model.safetensors', 'model.safetensors'],
      [INDEX, ...shards, INDEX],
      ['onnx/model.onnx', 'onnx/model.onnx', 'onnx/model.onnx_data'],
      ['model.onnx', 'model.onnx', 'model.onnx_data'],
    ]);
    await assert.rejects(readWeights(dir), {
      code: 'model_invalid',
      message: /holds no weights that Cosimo reads: model\./,
    });
  });

  test('an ONNX file beside safetensors is not opened', async () => {
    const dir = copyOf('bert-max-bf16');
    const before = await encode(dir);
    cpSync(join(onnxModel(), 'onnx'), join(dir, 'onnx'), { recursive: true });
    assert.deepEqual(await encode(dir), before);
  });

  test("the tokenizer's settings affect vectors only where they say how long a text may be", async () => {
    const isCounted = async (model: string) => {
      const paths = await modelFilesIn(FIXTURES + model);
      return fingerprintFiles(paths, await readModelConfig(FIXTURES + model)).includes('tokenizer_config.json');
    };
    assert.deepEqual([await isCounted('bert-mean'), await isCounted('bert-max-bf16')], [true, false]);
    assert.ok(readdirSync(`${FIXTURES}bert-max-bf16`).includes('tokenizer_config.json'));
  });
});

describe('shards', () => {
  const shard = 'model-00002-of-00003.safetensors';
  const withShard = (dir: string, name: unknown) =>
    changeJson(join(dir, INDEX), (index) => ({
      ...index,
      weight_map: { ...(index['weight_map'] as Json), 'embeddings.LayerNorm.bias': name },
    }));
  const badNames = [
    '../model-00001-of-00003.safetensors',
    '/etc/passwd',
    'x/model-00001-of-00003.safetensors',
    'other.safetensors',
    7,
  ];
  const faults: [name: string, damage: (dir: string) => void, message: RegExp][] = [
    [
      'a shard that is missing',
      (dir) => rmSync(join(dir, shard)),
      /model-00002-of-00003\.safetensors is no whole safetensors/,
    ],
    [
      'a shard that is cut',
      (dir) => writeFileSync(join(dir, shard), readFileSync(join(dir, shard)).subarray(0, -1)),
      /it ends after/,
    ],
    [
      'a shard with bytes after its tensors',
      (dir) => writeFileSync(join(dir, shard), 'x', { flag: 'a' }),
      /where its tensors end after/,
    ],
    [
      'a tensor that is not where the index says',
      (dir) => withShard(dir, 'model-00003-of-00003.safetensors'),
      /index\.json has the tensor embeddings\.LayerNorm\.bias in model-00003-of-00003\.safetensors, which lacks it/,
    ],
    [
      'a tensor that no shard has',
      (dir) => changeJson(join(dir, 'config.json'), (config) => ({ ...config, num_hidden_layers: 3 })),
      /index\.json lacks the tensor encoder\.layer\.2\./,
    ],
    ['an index without a weight map', (dir) => writeFileSync(join(dir, INDEX), '{}'), /index\.json has no weight_map/],
    ['an index that is not JSON', (dir) => writeFileSync(join(dir, INDEX), '{'), /index\.json cannot be read/],
    ...badNames.map((name): [string, (dir: string) => void, RegExp] => [
      `a shard named ${name}`,
      (dir) => withShard(dir, name),
      /index\.json names the shard .*; Cosimo reads those like model-00001-of-00002\.safetensors/,
    ]),
  ];
  for (const [name, damage, message] of faults) {
    test(`refused: ${name}`, async () => {
      const dir = copyOf('bert-cls-f16-sharded');
      damage(dir);
      await assert.rejects(open(dir), { code: 'model_invalid', message });
    });
  }
});

describe('tensors', () => {
  const weights = (dir: string) => join(dir, 'model.safetensors');

  test('names with the prefix of a larger model are read', async () => {
    const dir = copyOf('bert-max-bf16');
    const expected = await encode(dir);
    changeHeader(weights(dir), (header) =>
      Object.fromEntries(
        Object.entries(header).map(([name, tensor]) => [name === '__metadata__' ? name : `bert.${name}`, tensor]),
      ),
    );
    assert.deepEqual(await encode(dir), expected);
  });

  const change = (key: string, value: number) => (dir: string) =>
    changeJson(join(dir, 'config.json'), (config) => ({ ...config, [key]: value }));
  const refused: [name: string, damage: (dir: string) => void, message: RegExp][] = [
    [
      'another vocabulary than config.json says',
      change('vocab_size', 111),
      /embeddings\.word_embeddings\.weight has the shape \[110, 32\] where config\.json asks for \[111, 32\]\.$/,
    ],
    [
      'another width than config.json says',
      change('hidden_size', 64),
      /has the shape \[110, 32\] where config\.json asks for \[110, 64\]/,
    ],
    [
      'another number of positions than config.json says',
      change('max_position_embeddings', 41),
      /position_embeddings\.weight has the shape \[40, 32\]/,
    ],
    [
      'another intermediate size than config.json says',
      change('intermediate_size', 47),
      /intermediate\.dense\.weight has the shape \[48, 32\]/,
    ],
    [
      'a type that Cosimo does not read',
      (dir) =>
        changeHeader(weights(dir), ({ 'embeddings.LayerNorm.bias': tensor, ...header }) => ({
          ...header,
          'embeddings.LayerNorm.bias': { ...(tensor as Json), dtype: 'I16' },
        })),
      /model\.safetensors: embeddings\.LayerNorm\.bias is I16; Cosimo reads F32, F16, BF16\./,
    ],
    [
      'a tensor under another name',
      (dir) =>
        changeHeader(weights(dir), ({ 'embeddings.LayerNorm.bias': tensor, ...header }) => ({
          ...header,
          other: tensor,
        })),
      /model\.safetensors lacks the tensor embeddings\.LayerNorm\.bias\./,
    ],
    [
      'a folder without weights',
      (dir) => renameSync(weights(dir), join(dir, 'pytorch_model.bin')),
      /holds no weights that Cosimo reads/,
    ],
  ];
  for (const [name, damage, message] of refused) {
    test(`refused: ${name}`, async () => {
      const dir = copyOf('bert-max-bf16');
      damage(dir);
      await assert.rejects(open(dir), { code: 'model_invalid', message });
    });
  }
});
