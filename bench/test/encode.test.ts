/** Parts of the contenders of the suite `encode`: batches, the best batch size, the multiply-adds of a pass. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, test } from 'vitest';
import { readModelConfig } from '../../src/model/model-config.ts';
import { encodeAll, modelTokenizer, startBareEncoder } from '../src/contenders/encode/bare-encoder.ts';
import { bestSize } from '../src/contenders/encode/best-size.ts';
import { multiplyAddsOf } from '../src/contenders/encode/multiply-adds.ts';
import type { TextFile } from '../src/data/data-set.ts';
import { writeTexts } from '../src/data/texts.ts';
import { testModelDir } from './support/model-dir.ts';

const folder = mkdtempSync(join(tmpdir(), 'cosimo-bench-encode-'));
afterAll(() => rmSync(folder, { recursive: true }));

const TEXTS = [
  'a short one',
  'another that is longer by some words than the one before it',
  'two words',
  'one',
  'x y z',
];

for (const encoder of ['native', 'onnx'] as const) {
  test(`${encoder}: every text has its vector, whatever the batches`, async () => {
    const model_dir = await testModelDir();
    const bare = await startBareEncoder({ model_dir, threads: 2, encoder, precision: 'fp32' });
    const tokens = (await (await modelTokenizer(model_dir)).tokenize(TEXTS)).map(({ ids }) => ids);
    const alone = await Promise.all(tokens.map((ids) => bare.encode([ids])));
    for (const batchTokens of [1, 8, 20, 4096]) {
      const vectors = await encodeAll(bare, tokens, batchTokens);
      assert.equal(vectors.length, TEXTS.length);
      for (const [at, vector] of vectors.entries()) {
        const cosine = vector.reduce((sum, value, i) => sum + value * (alone[at]?.[i] as number), 0);
        assert.ok(cosine > 0.99999, `text ${at} in batches of ${batchTokens} tokens: ${cosine}`);
      }
    }
    await bare.close();
  });
}

test('the best size is the one whose quicker pass is quickest, each tried untimed first', async () => {
  const passes: number[] = [];
  const took_ms: Readonly<Record<number, readonly number[]>> = { 1: [1, 60, 60], 2: [120, 150, 10], 4: [1, 40, 40] };
  const best = await bestSize([1, 2, 4], async (size) => {
    const before = passes.filter((done) => done === size).length;
    passes.push(size);
    await sleep(took_ms[size]?.[before]);
  });
  assert.equal(best, 2);
  assert.deepEqual(passes, [1, 2, 4, 1, 2, 4, 1, 2, 4]);
  assert.equal(await bestSize([7], () => Promise.reject(new Error('nothing to choose'))), 7);
});

test("multiply-adds of the model's passes", async () => {
  const config = await readModelConfig(await testModelDir());
  const perToken = 4 * 384 ** 2 + 2 * 384 * 1536;
  assert.equal(multiplyAddsOf(config, [128]), 6 * 128 * (perToken + 2 * 128 * 384));
  assert.equal(multiplyAddsOf(config, [1, 3]), 6 * (4 * perToken + 2 * (1 + 9) * 384), 'attention is within a text');
});

test('short texts have 4 to 63 tokens, each length about as often', async () => {
  const path = join(folder, 'short.json');
  const source = { modelDir: await testModelDir(), threads: 1, log: () => {} };
  await writeTexts({ kind: 'texts', tokens: 'short', count: 600, seed: 5 }, path, source);
  const { texts, tokens } = JSON.parse(readFileSync(path, 'utf8')) as TextFile;
  assert.equal(texts.length, 600);
  assert.deepEqual([Math.min(...tokens), Math.max(...tokens)], [4, 63]);
  const mean = tokens.reduce((sum, count) => sum + count, 0) / tokens.length;
  assert.ok(Math.abs(mean - 33.5) < 3, `${mean} tokens in the mean`);
});
