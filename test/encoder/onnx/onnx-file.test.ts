/** A model with an ONNX file for weights: it gets the inputs that it has, Cosimo pools, and other outputs are refused. */
import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, onTestFinished, test } from 'vitest';
import { createOnnxEncoder } from '../../../src/encoder/onnx/onnx-encoder.ts';
import { loadTokenizer } from '../../../src/encoder/tokenizer/tokenizer.ts';
import { readModel } from '../../../src/model/model.ts';
import { readModelConfig } from '../../../src/model/model-config.ts';
import { DIMENSIONS, type OnnxModelOptions, onnxModel, rowValue, typeValue } from '../../support/models/onnx-model.ts';

const open = async (modelDir: string, precision: 'auto' | 'fp32' | 'fp16' = 'auto') => {
  const model = await readModel(modelDir);
  return createOnnxEncoder({ model, device: 'cpu', deviceId: 0, precision, threads: 1, log: () => {} });
};

/** The ids of [CLS] and [SEP] are 2 and 3. */
const BATCH: readonly (readonly [text: string, ids: readonly number[]])[] = [
  ['river', [2, 4, 3]],
  ['Boats river stone boats', [2, 5, 4, 6, 5, 3]],
  ['', [2, 3]],
];

function expectedVector(
  ids: readonly number[],
  { pooling = 'mean', normalize = true, hasTokenTypes }: OnnxModelOptions,
) {
  const vector = Array.from({ length: DIMENSIONS }, (_, at) => {
    const values = ids.map((id) => rowValue(id, at) + (hasTokenTypes ? typeValue(0, at) : 0));
    if (pooling === 'cls') return values[0] as number;
    return pooling === 'max' ? Math.max(...values) : values.reduce((sum, value) => sum + value, 0) / ids.length;
  });
  const norm = normalize ? Math.hypot(...vector) : 1;
  return vector.map((value) => value / norm);
}

const served: Readonly<Record<string, OnnxModelOptions>> = {
  'mean, normalized': {},
  'mean, not normalized': { normalize: false },
  cls: { pooling: 'cls', normalize: false },
  max: { pooling: 'max' },
  'token types, which are zeros': { hasTokenTypes: true, normalize: false },
  'data beside the file': { isExternal: true },
  'a file in the folder itself, with data beside it': { path: 'model.onnx', isExternal: true },
  'an output named token_embeddings': { output: 'token_embeddings' },
  'an output with a number for a name': { output: '882' },
};

describe('a file is served, and its vectors are pooled as its folder says', () => {
  for (const [name, options] of Object.entries(served)) {
    test(name, async () => {
      const modelDir = onnxModel(options);
      const encoder = await open(modelDir);
      assert.deepEqual([encoder.device, encoder.precision, encoder.dimensions], ['cpu', 'fp32', DIMENSIONS]);
      const tokenizer = await loadTokenizer(modelDir, await readModelConfig(modelDir));
      const tokens = await tokenizer.tokenize(BATCH.map(([text]) => text));
      assert.deepEqual(
        tokens.map(({ ids }) => [...ids]),
        BATCH.map(([, ids]) => ids),
      );
      const vectors = await encoder.encode(tokens.map(({ ids }) => ids));
      BATCH.forEach(([text, ids], row) => {
        expectedVector(ids, options).forEach((value, at) => {
          const actual = vectors[row * DIMENSIONS + at] as number;
          assert.ok(Math.abs(actual - value) < 1e-6, `${text}, component ${at}: ${actual} instead of ${value}`);
        });
      });
      await encoder.close();
    });
  }

  test('one token vector of zeros stays zeros when it is normalized', async () => {
    const { poolTokens } = await import('../../../src/encoder/onnx/token-pooling.ts');
    const tokens = { values: new Float32Array(8), lengths: [2, 0], sequence: 2, dimensions: 2 };
    for (const pooling of ['mean', 'cls', 'max'] as const)
      assert.deepEqual([...poolTokens(tokens, { pooling, normalize: true })], [0, 0, 0, 0]);
  });
});

describe('a file is refused with a sentence', () => {
  const refused: [name: string, options: OnnxModelOptions, message: RegExp][] = [
    [
      'no vectors of tokens',
      { output: 'sentence_embedding', isPooled: true },
      /model\.onnx has the outputs sentence_embedding \(float32\); Cosimo pools one of the vectors of tokens/,
    ],
    ['an output in fp16', { outputType: 'float16' }, /has the outputs last_hidden_state \(float16\); Cosimo pools/],
    [
      'an input that Cosimo does not give',
      { extraInput: 'task_id' },
      /has the inputs input_ids, attention_mask, task_id; Cosimo gives/,
    ],
  ];
  for (const [name, options, message] of refused) {
    test(name, async () => {
      await assert.rejects(open(onnxModel(options)), { code: 'model_invalid', message });
    });
  }

  test('fp16, which is done to safetensors alone', async () => {
    await assert.rejects(open(onnxModel(), 'fp16'), {
      code: 'invalid_setting',
      message: /^PRECISION=fp16, but .*model\.onnx has a precision of its own\. Set PRECISION to auto or fp32/,
    });
  });

  test('vectors of another width than config.json says', async () => {
    const encoder = await open(onnxModel({ hiddenSize: 9 }));
    onTestFinished(() => encoder.close());
    await assert.rejects(encoder.encode([Int32Array.of(2, 3)]), {
      code: 'model_invalid',
      message: /gives last_hidden_state of the shape \[1, 2, 8\] where config\.json asks for \[1, 2, 9\]/,
    });
  });

  test('a file that is cut, and data that is missing', async () => {
    const cut = onnxModel();
    const path = join(cut, 'onnx/model.onnx');
    writeFileSync(path, readFileSync(path).subarray(0, 100));
    await assert.rejects(open(cut), { code: 'model_invalid', message: /^ONNX Runtime refused the model in / });
    const without = onnxModel({ isExternal: true });
    rmSync(join(without, 'onnx/model.onnx_data'));
    await assert.rejects(open(without), { code: 'model_invalid', message: /^ONNX Runtime refused the model in / });
  });
});
