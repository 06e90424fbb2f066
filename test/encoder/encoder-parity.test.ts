/** ONNX Runtime's vectors agree with sentence-transformers on the same weights, alone and in any batch. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Tokenizer as HuggingFaceTokenizer } from 'tokenizers';
import { afterAll, describe, test } from 'vitest';
import { createOnnxEncoder } from '../../src/encoder/onnx/onnx-encoder.ts';
import { OnnxThread } from '../../src/encoder/onnx/onnx-thread.ts';
import type { BatchReport } from '../../src/encoder/queue/queue-reports.ts';
import { loadTokenizer, type TokenizedText } from '../../src/encoder/tokenizer/tokenizer.ts';
import { readModel } from '../../src/model/model.ts';
import { LONG_TESTS } from '../support/long-tests.ts';
import { testModelDir } from '../support/models/model.ts';
import { encodeTexts, testPipeline } from '../support/pipeline.ts';

interface Expected {
  readonly name: string;
  readonly text: string;
  readonly ids: readonly number[];
  /** Little-endian float32 in base64. */
  readonly vector: string;
}

const COSINE_MIN = 0.99999;
const COMPONENT_DIFFERENCE_MAX = 1e-5;

const { texts } = JSON.parse(readFileSync(new URL('../fixtures/embeddings.json', import.meta.url), 'utf8')) as {
  texts: Expected[];
};
const modelDir = await testModelDir();
const options = {
  model: await readModel(modelDir),
  device: 'cpu',
  deviceId: 0,
  precision: 'fp32',
  threads: 2,
} as const;
const encoder = await OnnxThread.start(options, () => {});
afterAll(() => encoder.close());
const pipeline = await testPipeline({ modelDir, encoder: 'onnx' });

function assertAgrees(actual: Float32Array, { name, vector }: Expected): void {
  const bytes = Buffer.from(vector, 'base64');
  const expected = Float32Array.from({ length: bytes.length / 4 }, (_, at) => bytes.readFloatLE(at * 4));
  assert.equal(actual.length, expected.length);
  let product = 0;
  let norm = 0;
  actual.forEach((value, at) => {
    product += value * (expected[at] as number);
    norm += value * value;
    assert.ok(Math.abs(value - (expected[at] as number)) <= COMPONENT_DIFFERENCE_MAX, `${name}: component ${at}`);
  });
  assert.ok(Math.abs(norm - 1) < 1e-6, `${name}: norm ${norm}`);
  assert.ok(product >= COSINE_MIN, `${name}: cosine ${product}`);
}

test('the fixture has enough texts, some of them truncated', () => {
  assert.ok(texts.length >= 60);
  assert.ok(texts.filter(({ ids }) => ids.length === 256).length >= 3, 'some texts are truncated');
});

test('token ids are those of the reference tokenizer', async () => {
  const tokenizer = await loadTokenizer(modelDir, { maxSeqLength: 256, vocabSize: 30_522 });
  const tokens = await tokenizer.tokenize(texts.map(({ text }) => text));
  const whole = HuggingFaceTokenizer.fromFile(join(modelDir, 'tokenizer.json'));
  whole.disablePadding();
  whole.disableTruncation();
  for (const [at, { name, text, ids }] of texts.entries()) {
    assert.deepEqual([...(tokens[at] as TokenizedText).ids], ids, name);
    assert.equal(tokens[at]?.truncated, (await whole.encode(text)).getLength() > 256, name);
  }
});

describe('alone', () => {
  for (const expected of texts) {
    test(expected.name, async () => {
      const [vector] = await encodeTexts(pipeline, [expected.text]);
      assertAgrees(vector as Float32Array, expected);
    });
  }
});

describe('in batches', () => {
  // A short text beside the longest has the most padding: each order of the fixture makes other batches.
  const orders: Readonly<Record<string, readonly Expected[]>> = {
    'as they come': texts,
    'longest first': texts.toSorted((a, b) => b.ids.length - a.ids.length),
    'long and short by turns': texts
      .toSorted((a, b) => a.ids.length - b.ids.length)
      .map((_, at, sorted) => sorted.at(at % 2 === 0 ? at / 2 : -(at + 1) / 2) as Expected),
  };
  const mixed = 'long and short by turns';
  for (const name of LONG_TESTS ? Object.keys(orders) : [mixed]) {
    const order = orders[name] ?? [];
    for (const size of LONG_TESTS && name === mixed ? [2, 16, 50] : [16]) {
      test(`${name}, ${size} at once`, async () => {
        for (let start = 0; start < order.length; start += size) {
          const batch = order.slice(start, start + size);
          const vectors = await encoder.encode(batch.map(({ ids }) => Int32Array.from(ids)));
          batch.forEach((expected, at) => assertAgrees(vectors.subarray(at * 384, (at + 1) * 384), expected));
        }
      });
    }
  }

  test('through the queue, which batches as it likes', async () => {
    const reports: BatchReport[] = [];
    const through = await testPipeline({ modelDir, encoder: 'onnx' }, { onBatch: (report) => reports.push(report) });
    const vectors = await encodeTexts(
      through,
      texts.map(({ text }) => text),
    );
    texts.forEach((expected, at) => assertAgrees(vectors[at] as Float32Array, expected));
    const tokens = reports.reduce((sum, report) => sum + report.tokens, 0);
    const padding = reports.reduce((sum, report) => sum + report.paddingTokens, 0);
    assert.equal(
      tokens,
      texts.reduce((sum, { ids }) => sum + ids.length, 0),
    );
    assert.ok(padding < 0.15 * tokens, `${padding} tokens of padding beside ${tokens}`);
  });
});

test('fp16: a cosine of at least 0.999 with fp32 of the reference for every text', async () => {
  const half = await createOnnxEncoder({ ...options, precision: 'fp16', log: () => {} });
  assert.deepEqual([half.device, half.precision], ['cpu', 'fp16']);
  for (let start = 0; start < texts.length; start += 16) {
    const batch = texts.slice(start, start + 16);
    const vectors = await half.encode(batch.map(({ ids }) => Int32Array.from(ids)));
    batch.forEach(({ name, vector }, at) => {
      const bytes = Buffer.from(vector, 'base64');
      const own = vectors.subarray(at * 384, (at + 1) * 384);
      const product = own.reduce((sum, value, component) => sum + value * bytes.readFloatLE(component * 4), 0);
      const norm = Math.hypot(...own);
      assert.ok(Math.abs(norm - 1) < 1e-6, `${name}: norm ${norm}`);
      assert.ok(product >= 0.999, `${name}: cosine ${product}`);
    });
  }
  await half.close();
});

test('long texts are cut as if all of them had been read', async () => {
  const tokenizer = await loadTokenizer(modelDir, { maxSeqLength: 256, vocabSize: 30_522 });
  const words = 'internationalisation of unbelievable counterexamples ';
  const cases = {
    'plain words': words.repeat(2000),
    'a word longer than the first look': `${'x'.repeat(9000)} ${words.repeat(300)}`,
    'blanks longer than the first look': `start${' '.repeat(40_000)}${words.repeat(300)}`,
    'ideographs without a blank': '漢字'.repeat(20_000),
    'an emoji on the cut': `${'a '.repeat(4095)}a😀${words.repeat(100)}`,
  };
  const whole = HuggingFaceTokenizer.fromFile(join(modelDir, 'tokenizer.json'));
  whole.disablePadding();
  whole.setTruncation(256);
  for (const [name, text] of Object.entries(cases)) {
    const [tokens] = await tokenizer.tokenize([text]);
    assert.deepEqual([tokens?.ids.length, tokens?.truncated], [256, true], name);
    assert.deepEqual([...(tokens as TokenizedText).ids], (await whole.encode(text)).getIds(), name);
  }
});
