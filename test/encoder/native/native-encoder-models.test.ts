/** The native encoder gives ONNX Runtime's vectors for every kind of model that it takes, and says why it doesn't take the others. */
import assert from 'node:assert/strict';
import { readFileSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'vitest';
import { createNativeEncoder } from '../../../src/encoder/native/native-encoder.ts';
import { nativeModel } from '../../../src/encoder/native/native-model.ts';
import { createOnnxEncoder } from '../../../src/encoder/onnx/onnx-encoder.ts';
import { readModel } from '../../../src/model/model.ts';
import { readModelConfig } from '../../../src/model/model-config.ts';
import { readWeights } from '../../../src/model/weights.ts';
import { native as addon } from '../../../src/native/binding.ts';
import { onnxModel } from '../../support/models/onnx-model.ts';
import { type RandomModelOptions, randomModel, randomTexts } from '../../support/models/random-model.ts';

/** The largest difference of a component, relative to the vector's norm. */
const DIFFERENCE_MAX = 1e-5;

const native = async (modelDir: string, threads = 2) =>
  createNativeEncoder({ model: await readModel(modelDir), precision: 'fp32', threads });

async function assertSame(modelDir: string, batch: readonly Int32Array[]): Promise<void> {
  const model = await readModel(modelDir);
  const options = { model, device: 'cpu', deviceId: 0, precision: 'fp32', threads: 1, log: () => {} } as const;
  const [own, reference] = [await native(modelDir), await createOnnxEncoder(options)];
  const { dimensions } = own;
  assert.equal(dimensions, reference.dimensions);
  const [actual, expected] = [await own.encode(batch), await reference.encode(batch)];
  assert.equal(actual.length, expected.length);
  const part = (vectors: Float32Array, at: number) => vectors.subarray(at * dimensions, (at + 1) * dimensions);
  for (const [at, { length }] of batch.entries()) {
    const [vector, other] = [part(actual, at), part(expected, at)];
    const difference = Math.max(...vector.map((value, i) => Math.abs(value - (other[i] as number))));
    const norm = Math.hypot(...other);
    assert.ok(difference <= DIFFERENCE_MAX * norm, `text ${at} of ${length} tokens: ${difference} of ${norm}`);
  }
  await Promise.all([own.close(), reference.close()]);
}

describe('vectors are those of ONNX Runtime', () => {
  const models: [name: string, options: RandomModelOptions][] = [
    ['BERT, mean', {}],
    ['BERT, first token, not normalized', { pooling: 'cls', normalize: false }],
    ['BERT, maximum', { pooling: 'max' }],
    ['BERT, mean, not normalized', { normalize: false }],
    ['RoBERTa', { architecture: 'roberta' }],
    ['DistilBERT', { architecture: 'distilbert' }],
    ['F16 weights', { dtype: 'F16' }],
    ['BF16 weights', { dtype: 'BF16' }],
    ['one layer, names with a prefix', { layers: 1, prefix: 'bert.' }],
    ['sizes that are no powers of two', { hiddenSize: 192, heads: 3, intermediateSize: 320 }],
    ['wide heads', { hiddenSize: 192, heads: 2, intermediateSize: 64 }],
  ];
  for (const [name, options] of models) {
    // Texts may contain RoBERTa's `<pad>` too. It gets the position of padding, and later tokens are numbered without it.
    test(name, () => assertSame(randomModel(options), randomTexts(50)));
  }

  test('weights in shards', async () => {
    const dir = randomModel();
    const whole = readFileSync(join(dir, 'model.safetensors'));
    const shard = 'model-00001-of-00001.safetensors';
    writeFileSync(join(dir, shard), whole);
    const header = JSON.parse(whole.toString('utf8', 8, 8 + Number(whole.readBigUInt64LE(0)))) as object;
    const map = Object.fromEntries(Object.keys(header).map((tensor) => [tensor, shard]));
    writeFileSync(join(dir, 'model.safetensors.index.json'), JSON.stringify({ weight_map: map }));
    unlinkSync(join(dir, 'model.safetensors'));
    await assertSame(dir, randomTexts(5));
  });

  test('a text without a token has the zero vector, as with mean pooling; the others have theirs', async () => {
    const texts = randomTexts(3);
    await assertSame(randomModel({ normalize: false }), [
      texts[0],
      new Int32Array(),
      texts[1],
      texts[2],
    ] as Int32Array[]);
    const encoder = await native(randomModel());
    assert.deepEqual(await encoder.encode([new Int32Array()]), new Float32Array(64));
    assert.equal((await encoder.encode([])).length, 0);
    await encoder.close();
  });
});

describe('what it does not support is refused with a sentence', () => {
  const refused: [name: string, model: () => string, message: RegExp][] = [
    ['an ONNX file', () => onnxModel(), /does not take the model in .*: it is an ONNX file, onnx\/model\.onnx\.$/],
    [
      'a hidden size that is no multiple of 64',
      () => randomModel({ hiddenSize: 96, heads: 3 }),
      /its hidden size 96 is not a multiple of 64/,
    ],
    [
      'an intermediate size that is no multiple of 64',
      () => randomModel({ intermediateSize: 100 }),
      /its intermediate size 100 is not a multiple/,
    ],
    [
      'heads whose size is no multiple of 32',
      () => randomModel({ heads: 4 }),
      /its heads of 16 are not of a multiple of 32/,
    ],
    [
      'a model without one of its tensors',
      () => randomModel({ without: 'encoder.layer.1.output.dense.bias' }),
      /^model\.safetensors lacks the tensor encoder\.layer\.1\.output\.dense\.bias\.$/,
    ],
  ];
  for (const [name, model, message] of refused) {
    test(name, () => assert.rejects(native(model()), { name: 'CosimoError', code: 'model_invalid', message }));
  }
});

test('weights that shrink or vanish after their header was read end in a sentence, not in a crash', async () => {
  const dir = randomModel();
  const weights = await readWeights(dir);
  assert.equal(weights.kind, 'tensors');
  const model = nativeModel(dir, await readModelConfig(dir), weights as Extract<typeof weights, { kind: 'tensors' }>);
  const load = () => new addon.TransformerEncoder({ precision: 'fp32', threads: 1, model }).load();
  await load();
  const path = join(dir, 'model.safetensors');
  truncateSync(path, 100_000);
  await assert.rejects(load(), { code: 'model_invalid', message: /model\.safetensors/ });
  unlinkSync(path);
  await assert.rejects(load(), { code: 'model_invalid', message: /model\.safetensors/ });
});
