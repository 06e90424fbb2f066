/** How many ONNX Runtime encoders serve with how many threads: what is tried and chosen, and that several serve as one does. */
import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { test } from 'vitest';
import type { Encoder } from '../../src/encoder/encoder.ts';
import { measureSpeed } from '../../src/encoder/encoder-speed.ts';
import { bestCandidate, parallelismCandidates } from '../../src/encoder/parallelism.ts';
import { encodeTexts, testPipeline } from '../support/pipeline.ts';

test('what is worth trying follows from the number of cores; settings leave one candidate', () => {
  const tried = (workers: number, threads: number, cores: number) =>
    parallelismCandidates({ workers, threads }, cores).map((found) => [found.workers, found.threads]);
  assert.deepEqual(tried(0, 0, 1), [[1, 1]]);
  assert.deepEqual(tried(0, 0, 2), [
    [1, 2],
    [2, 1],
  ]);
  assert.deepEqual(tried(0, 0, 12), [
    [1, 12],
    [2, 6],
    [4, 3],
    [8, 1],
  ]);
  assert.deepEqual(tried(0, 0, 64).at(-1), [8, 8]);
  assert.deepEqual(tried(3, 2, 8), [[3, 2]]);
  assert.deepEqual(tried(0, 4, 8), [[1, 4]]);
  assert.deepEqual(tried(3, 0, 8), [[3, 2]]);
  assert.deepEqual(tried(16, 0, 8), [[16, 1]]);
});

test('more workers are taken when they are clearly faster', () => {
  assert.equal(bestCandidate([10, 10.9]), 0);
  assert.equal(bestCandidate([10, 11.1]), 1);
  assert.equal(bestCandidate([10, 12, 13]), 1);
  assert.equal(bestCandidate([10, 9, 15]), 2);
});

test('speed is what batches take, overhead what a short text takes beside its tokens', async () => {
  const [perToken_ms, perBatch_ms] = [0.02, 4];
  const busy = (elapsed_ms: number) => new Promise<void>((resolve) => setTimeout(resolve, elapsed_ms));
  const encoder: Encoder = {
    dimensions: 1,
    device: 'cpu',
    precision: 'fp32',
    description: 'takes a known time',
    pads: true,
    async encode(batch) {
      await busy(perBatch_ms + perToken_ms * batch.reduce((sum, { length }) => sum + length, 0));
      return new Float32Array(batch.length);
    },
    close: async () => {},
  };
  const sample = { ids: Int32Array.of(101, 7592, 102), maxTokens: 256 };
  const alone = await measureSpeed([encoder], sample, 100);
  // 512 tokens take 14.24 ms; timers count whole milliseconds. A text of 8 tokens takes 4.16 ms, 0.16 ms of them for its tokens.
  assert.ok(alone.tokensPerMs > 20 && alone.tokensPerMs <= 512 / 14, String(alone.tokensPerMs));
  assert.ok(alone.overheadTokens > 80 && alone.overheadTokens < 250, String(alone.overheadTokens));
  const both = await measureSpeed([encoder, encoder], sample, 100);
  assert.ok(both.tokensPerMs > 1.5 * alone.tokensPerMs, 'two side by side');
});

test('workers and threads are chosen at start by measuring, and the log says what was found', async () => {
  const lines: string[] = [];
  const pipeline = await testPipeline({ encoder: 'onnx', workers: 0, threads: 0 }, { log: (line) => lines.push(line) });
  const cores = availableParallelism();
  const found = /^Encoding with (\d+) workers? of (\d+) threads?(?:; tokens a millisecond: (.*))?$/.exec(
    lines.at(-1) ?? '',
  );
  assert.ok(found, lines.at(-1));
  const [, workers, threads, rates = ''] = found;
  assert.ok(Number(workers) * Number(threads) <= cores);
  const names = rates.split(', ').map((rate) => rate.replace(/ [\d.]+$/, ''));
  const tried = parallelismCandidates({ workers: 0, threads: 0 }, cores).map(
    (one) => `${one.workers} × ${one.threads}`,
  );
  assert.deepEqual(cores === 1 ? [] : names, cores === 1 ? [] : tried);
  assert.equal((await encodeTexts(pipeline, ['a text']))[0]?.length, 384);
});

test('two encoders give the vectors of one', async () => {
  const one = await testPipeline({ encoder: 'onnx' });
  const two = await testPipeline({ encoder: 'onnx', workers: 2, threads: 1, batchTokens: 64 });
  const texts = Array.from({ length: 40 }, (_, at) => `text number ${at} ${'and more '.repeat(at % 7)}`);
  const [expected, actual] = await Promise.all([encodeTexts(one, texts), encodeTexts(two, texts)]);
  for (const [at, vector] of expected.entries()) {
    vector.forEach((value, i) => assert.ok(Math.abs(value - (actual[at]?.[i] as number)) < 1e-5));
  }
});
