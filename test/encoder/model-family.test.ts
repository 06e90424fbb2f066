/** Tiny models of each kind give the same vectors in Cosimo and in sentence-transformers. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, test } from 'vitest';
import { createOnnxEncoder } from '../../src/encoder/onnx/onnx-encoder.ts';
import { loadTokenizer } from '../../src/encoder/tokenizer/tokenizer.ts';
import { readModel } from '../../src/model/model.ts';
import { readModelConfig } from '../../src/model/model-config.ts';

interface Expected {
  readonly model: string;
  readonly as: 'text' | 'query' | 'document';
  readonly text: string;
  /** Little-endian float32 in base64. */
  readonly vector: string;
}

/** The largest difference of a component, relative to the vector's norm. */
const DIFFERENCE_MAX = 2e-6;
const FP16_COSINE_MIN = 0.999;

const FOLDER = fileURLToPath(new URL('../fixtures/models/', import.meta.url));
const { vectors } = JSON.parse(readFileSync(new URL('../fixtures/model-vectors.json', import.meta.url), 'utf8')) as {
  vectors: Expected[];
};
const models = readdirSync(FOLDER);

function floatsOf({ vector }: Expected): Float32Array {
  const bytes = Buffer.from(vector, 'base64');
  return Float32Array.from({ length: bytes.length / 4 }, (_, at) => bytes.readFloatLE(at * 4));
}

const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, at) => sum + value * (b[at] as number), 0);
const cosine = (a: Float32Array, b: Float32Array) => dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));

function differenceOf(actual: Float32Array, expected: Float32Array): number {
  assert.equal(actual.length, expected.length);
  const differences = actual.map((value, at) => Math.abs(value - (expected[at] as number)));
  return Math.max(...differences) / Math.sqrt(dot(expected, expected));
}

test('the fixtures have the kinds that Cosimo serves', async () => {
  const configs = await Promise.all(models.map((name) => readModelConfig(FOLDER + name)));
  const kinds = configs.map(({ architecture, pooling, normalize }, at) => [
    models[at],
    architecture,
    pooling,
    normalize,
  ]);
  assert.deepEqual(kinds, [
    ['bert-cls-f16-sharded', 'bert', 'cls', false],
    ['bert-max-bf16', 'bert', 'max', true],
    ['bert-mean', 'bert', 'mean', false],
    ['bert-mean-prompts', 'bert', 'mean', true],
    ['distilbert', 'distilbert', 'mean', true],
    ['roberta', 'roberta', 'mean', true],
    ['xlm-roberta', 'roberta', 'mean', true],
  ]);
  assert.deepEqual(
    configs.map(({ maxSeqLength }) => maxSeqLength),
    [24, 24, 22, 24, 24, 32, 20],
  );
  assert.deepEqual(configs[3]?.prompts, { text: 'they sold ', query: 'is it ten? ', document: 'the baker: ' });
});

for (const model of models) {
  describe(model, async () => {
    const modelDir = FOLDER + model;
    const read = await readModel(modelDir);
    const { config } = read;
    const tokenizer = await loadTokenizer(modelDir, config);
    const options = { model: read, device: 'cpu', deviceId: 0, threads: 1, log: () => {} } as const;
    const encoder = await createOnnxEncoder({ ...options, precision: 'auto' });
    afterAll(() => encoder.close());
    const expected = vectors.filter((entry) => entry.model === model);
    const tokens = await tokenizer.tokenize(expected.map((entry) => config.prompts[entry.as] + entry.text));

    test('the vector of each text alone is that of sentence-transformers', async () => {
      assert.ok(expected.length >= 15);
      for (const [at, entry] of expected.entries()) {
        const [alone] = await tokenizer.tokenize([config.prompts[entry.as] + entry.text]);
        assert.deepEqual(alone, tokens[at], 'alone and in a batch a text has the same tokens');
        const vector = await encoder.encode([(alone as { ids: Int32Array }).ids]);
        const difference = differenceOf(vector, floatsOf(entry));
        assert.ok(difference <= DIFFERENCE_MAX, `${entry.as} ${JSON.stringify(entry.text)}: ${difference}`);
      }
    });

    test('so it is with all texts in one batch, padded to the longest', async () => {
      const lengths = tokens.map(({ ids }) => ids.length);
      assert.ok(Math.min(...lengths) < Math.max(...lengths));
      const batch = await encoder.encode(tokens.map(({ ids }) => ids));
      const { dimensions } = encoder;
      expected.forEach((entry, at) => {
        const vector = batch.subarray(at * dimensions, (at + 1) * dimensions);
        const difference = differenceOf(vector, floatsOf(entry));
        assert.ok(difference <= DIFFERENCE_MAX, `${entry.as} ${JSON.stringify(entry.text)}: ${difference}`);
      });
    });

    test('long texts are truncated, short ones are not', () => {
      expected.forEach(({ text }, at) => {
        const { ids, truncated } = tokens[at] as { ids: Int32Array; truncated: boolean };
        if (text.length > 200) assert.deepEqual([ids.length, truncated], [config.maxSeqLength, true]);
        if (text.length < 10) assert.equal(truncated, false);
      });
    });

    test('fp16 vectors have a cosine of at least 0.999 and the length of fp32 ones', async () => {
      const half = await createOnnxEncoder({ ...options, precision: 'fp16' });
      assert.deepEqual([encoder.precision, half.precision], ['fp32', 'fp16']);
      const { dimensions } = half;
      const batch = await half.encode(tokens.map(({ ids }) => ids));
      expected.forEach((entry, at) => {
        const vector = batch.subarray(at * dimensions, (at + 1) * dimensions);
        assert.ok(cosine(vector, floatsOf(entry)) >= FP16_COSINE_MIN);
        assert.ok(differenceOf(vector, floatsOf(entry)) <= 1e-2);
        assert.ok(differenceOf(vector, floatsOf(entry)) > 0, 'it is not fp32');
      });
      await half.close();
    });
  });
}
