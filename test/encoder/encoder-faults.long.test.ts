/** Odd texts, clients that disconnect, inferences that fail, and threads that are killed. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { describe, test } from 'vitest';
import { metric } from '../support/metrics.ts';
import { BROKEN_WORD, modelWithBrokenToken } from '../support/models/model.ts';
import { send, startService } from '../support/service.ts';

const LONG = 'internationalisation of counterexamples and other long words '.repeat(60);
const longTexts = (name: string) => Array.from({ length: 100 }, (_, at) => `${name} ${at} ${LONG}`);

const service = await startService();
const metrics = async () => (await send(service, 'GET', '/metrics')).text;
const embed = async (texts: readonly string[], cache = false) => {
  const { status, json } = await send(service, 'POST', '/embed', { texts, cache });
  assert.equal(status, 200);
  return json.embeddings as number[][];
};
const norm = (vector: readonly number[]) => Math.hypot(...vector);

describe('odd texts', () => {
  test('empty and white texts have the vector of no words', async () => {
    const [empty, ...white] = await embed(['', ' ', '\n\t  ', '\u3000']);
    for (const vector of white) assert.deepEqual(vector, empty);
    assert.ok(Math.abs(norm(empty as number[]) - 1) < 1e-5);
  });

  test('a lone surrogate is taken as U+FFFD', async () => {
    const { json } = await send(service, 'POST', '/embed', '{"texts": ["a \\ud800 b", "a \ufffd b"], "cache": false}', {
      'content-type': 'application/json',
    });
    assert.deepEqual(json.embeddings[0], json.embeddings[1]);
  });

  test('a text of a megabyte is truncated, and counted as such', async () => {
    const before = metric(await metrics(), 'cosimo_truncated_texts_total');
    const head = 'word '.repeat(254);
    const [long, short] = await embed([head + 'more '.repeat(200_000), head]);
    long?.forEach((value, at) => assert.ok(Math.abs(value - (short?.[at] as number)) < 1e-5));
    assert.equal(metric(await metrics(), 'cosimo_truncated_texts_total'), before + 1);
  });

  test('a hundred texts of maximal length', async () => {
    const before = metric(await metrics(), 'cosimo_truncated_texts_total');
    const vectors = await embed(longTexts('max'));
    assert.equal(vectors.length, 100);
    for (const vector of vectors) assert.ok(Math.abs(norm(vector) - 1) < 1e-5);
    assert.equal(metric(await metrics(), 'cosimo_truncated_texts_total'), before + 100);
  });
});

test('a client that disconnects in the middle of its batch: the rest of it is not encoded, others are', async () => {
  const origin = await service.app.listen({ port: 0 });
  const post = (texts: readonly string[], signal?: AbortSignal) =>
    fetch(`${origin}/embed/batch`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ texts, cache: false }),
      ...(signal && { signal }),
    });
  const tokens = async () => metric(await metrics(), 'cosimo_tokens_total{kind="text"}');
  const before = await tokens();
  const leaving = new AbortController();
  const gone = post(longTexts('leaving'), leaving.signal).catch(() => 'gone');
  const stays = post(['somebody else']);
  while ((await tokens()) === before) await sleep(5);
  leaving.abort();
  assert.equal(await gone, 'gone');
  assert.equal((await stays).status, 200);
  while (metric(await metrics(), 'cosimo_queue_texts') > 0) await sleep(20);
  assert.ok((await tokens()) - before < 100 * 256, 'not all of its tokens');
});

test('a failed inference is a 500 that tells nothing and caches nothing; readiness is 503 until one works', async () => {
  const broken = await startService({ MODEL_DIR: await modelWithBrokenToken() });
  const post = (text: string) => send(broken, 'POST', '/embed', { texts: [text] });
  assert.equal((await post('a word')).status, 200);
  const failed = await post(`a ${BROKEN_WORD}`);
  assert.deepEqual([failed.status, failed.json], [500, { detail: 'Internal Server Error' }]);
  assert.equal((await send(broken, 'GET', '/health/ready')).status, 503);
  assert.equal((await send(broken, 'GET', '/health')).status, 200);
  assert.equal((await post(`a ${BROKEN_WORD}`)).status, 500, 'nothing was cached');
  const deadline_ms = performance.now() + 10_000;
  while ((await send(broken, 'GET', '/health/ready')).status !== 200) {
    assert.ok(performance.now() < deadline_ms, 'ready again, by a probe of its own');
    await sleep(100);
  }
  assert.equal((await post('another word')).status, 200);
});

describe('a killed thread', () => {
  async function withThreads(
    settings: Readonly<Record<string, string>>,
    run: (threads: Worker[], own: typeof service) => Promise<void>,
  ): Promise<void> {
    const threads: Worker[] = [];
    const remember = (worker: Worker) => threads.push(worker);
    process.on('worker', remember);
    try {
      await run(threads, await startService(settings));
    } finally {
      process.off('worker', remember);
    }
  }
  const named = (threads: readonly Worker[], name: string) =>
    threads.findLast(({ threadName }) => threadName === name) as Worker;

  test('encoder and tokenizer killed while they are idle: new ones do the next work', async () => {
    // The native encoder has no thread of this kind.
    await withThreads({ ENCODER: 'onnx' }, async (threads, own) => {
      await Promise.all(threads.map((thread) => thread.terminate()));
      const { status, json } = await send(own, 'POST', '/embed', { texts: ['alive again'] });
      assert.deepEqual([status, json.dimensions, threads.length], [200, 384, 4], 'tokenizer and encoder, each twice');
    });
  });

  test('an encoder killed at work: its texts are encoded by the one that is started in its place', async () => {
    await withThreads({ ENCODER: 'onnx' }, async (threads, own) => {
      const texts = ['killed at work', 'this one too', LONG];
      const expected = (await send(own, 'POST', '/embed/batch', { texts, cache: false })).json;
      // The thread ends after it got the job and before it starts it: ending inside ONNX Runtime would crash the process.
      const ended = named(threads, 'encoder').terminate();
      const { status, json } = await send(own, 'POST', '/embed/batch', { texts, cache: false });
      await ended;
      assert.equal(status, 200);
      json.embeddings.forEach((vector: number[], at: number) => {
        vector.forEach((value, i) => assert.ok(Math.abs(value - expected.embeddings[at][i]) < 1e-5));
      });
      assert.equal(metric((await send(own, 'GET', '/metrics')).text, 'cosimo_encoder_restarts_total'), 1);
      assert.equal((await send(own, 'GET', '/health/ready')).status, 200, 'nothing has failed');
    });
  });

  test('an encoder killed again over the same texts: 503 with Retry-After, and ready again by itself', async () => {
    await withThreads({ ENCODER: 'onnx' }, async (threads, own) => {
      const kill = (worker: Worker) =>
        worker.threadName === 'encoder' && worker.once('online', () => worker.terminate());
      process.on('worker', kill);
      await named(threads, 'encoder').terminate();
      const { status, json, headers } = await send(own, 'POST', '/embed', { texts: ['doomed'] });
      assert.deepEqual([status, json.detail], [503, 'The encoder was lost over this text; try again']);
      assert.ok(Number(headers['retry-after']) >= 1);
      assert.equal((await send(own, 'GET', '/health/ready')).status, 503);
      process.off('worker', kill);
      const deadline_ms = performance.now() + 20_000;
      while ((await send(own, 'GET', '/health/ready')).status !== 200) {
        assert.ok(performance.now() < deadline_ms);
        await sleep(50);
      }
      assert.equal((await send(own, 'POST', '/embed', { texts: ['doomed'] })).status, 200);
    });
  });

  test('a tokenizer killed at work: the one that is started in its place tokenizes its texts', async () => {
    await withThreads({}, async (threads, own) => {
      const answers = Array.from({ length: 20 }, (_, at) =>
        send(own, 'POST', '/embed', { texts: longTexts(`tokenized ${at}`).slice(0, 3), cache: false }),
      );
      await named(threads, 'tokenizer').terminate();
      for (const answer of answers) assert.equal((await answer).status, 200);
      assert.equal(metric((await send(own, 'GET', '/metrics')).text, 'cosimo_encoder_restarts_total'), 1);
    });
  });
});
