/** Vectors agree with sentence-transformers on the same weights: alone, and whatever they are batched with. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { Tokenizer as HuggingFaceTokenizer } from 'tokenizers';
import { EncoderThread } from '../src/encoder/encoder-thread.ts';
import { loadTokenizer } from '../src/encoder/tokenizer.ts';
import { testModelDir } from './support/model.ts';

interface Expected {
  readonly name: string;
  readonly text: string;
  readonly ids: readonly number[];
  /** Base64 of little-endian float32. */
  readonly vector: string;
}

const COSINE_MIN = 0.99999;
const COMPONENT_DIFFERENCE_MAX = 1e-5;

const { texts } = JSON.parse(readFileSync(new URL('fixtures/embeddings.json', import.meta.url), 'utf8')) as {
  texts: Expected[];
};
const modelDir = await testModelDir();
const encoder = await EncoderThread.start({ modelDir, device: 'cpu', threads: 2, batchTokens: 2048 }, () => {});
after(() => encoder.close());

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
  const tokenizer = await loadTokenizer(modelDir, 256);
  const ids = await tokenizer.tokenize(texts.map(({ text }) => text));
  texts.forEach((expected, at) => assert.deepEqual([...(ids[at] as Int32Array)], expected.ids, expected.name));
});

describe('alone', () => {
  for (const expected of texts) {
    test(expected.name, async () => {
      const { vectors } = await encoder.encode([expected.text]);
      assertAgrees(vectors[0] as Float32Array, expected);
    });
  }
});

describe('in batches', () => {
  // A short text beside the longest is padded most: every order of the fixture puts other neighbours together.
  const orders: Readonly<Record<string, readonly Expected[]>> = {
    'as they come': texts,
    'longest first': texts.toSorted((a, b) => b.ids.length - a.ids.length),
    'long and short by turns': texts
      .toSorted((a, b) => a.ids.length - b.ids.length)
      .map((_, at, sorted) => sorted.at(at % 2 === 0 ? at / 2 : -(at + 1) / 2) as Expected),
  };
  for (const [name, order] of Object.entries(orders)) {
    for (const size of [2, 16, order.length]) {
      test(`${name}, ${size} at once`, async () => {
        for (let start = 0; start < order.length; start += size) {
          const batch = order.slice(start, start + size);
          const { vectors, timings } = await encoder.encode(batch.map(({ text }) => text));
          batch.forEach((expected, at) => assertAgrees(vectors[at] as Float32Array, expected));
          assert.equal(
            timings.tokens,
            batch.reduce((sum, { ids }) => sum + ids.length, 0),
          );
        }
      });
    }
  }

  test('padding that the sorting leaves: a batch of one inference, lengths 3 to 256', async () => {
    const wide = await EncoderThread.start({ modelDir, device: 'cpu', threads: 2, batchTokens: 1 << 20 }, () => {});
    try {
      const { vectors, timings } = await wide.encode(texts.map(({ text }) => text));
      assert.equal(timings.tokens + timings.padding_tokens, texts.length * 256);
      texts.forEach((expected, at) => assertAgrees(vectors[at] as Float32Array, expected));
    } finally {
      await wide.close();
    }
  });
});

test('long texts are cut as if all of them had been read', async () => {
  const tokenizer = await loadTokenizer(modelDir, 256);
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
    const [ids] = await tokenizer.tokenize([text]);
    assert.equal(ids?.length, 256, name);
    assert.deepEqual([...(ids as Int32Array)], (await whole.encode(text)).getIds(), name);
  }
});
