/** 429 and 503 with Retry-After (a full queue, timeouts, a blocked event loop, a service that starts or ends), and recovery. */
import assert from 'node:assert/strict';
import type { Worker } from 'node:worker_threads';
import { describe, test } from 'vitest';
import { metric } from '../support/metrics.ts';
import { BROKEN_WORD, modelWithBrokenToken } from '../support/model.ts';
import { createUnloadedService, send, startService } from '../support/service.ts';

const texts = (count: number, name: string) =>
  Array.from({ length: count }, (_, at) => `${name} ${at} ${'and so on '.repeat(30)}`);

test('a full queue is 429 with Retry-After, changes nothing, and recovers', async () => {
  const service = await startService({ QUEUE_TOKENS: '12000' });
  const embed = (name: string) => send(service, 'POST', '/embed', { texts: texts(100, name) });
  const before = (await send(service, 'GET', '/stats')).json;
  // Sent together. On a busy machine the queue may have room again before the second is counted, hardly before all are.
  const names = ['first', 'second', 'third', 'fourth', 'fifth', 'sixth'];
  const answers = await Promise.all(names.map(embed));
  const refused = answers.filter(({ status }) => status === 429);
  assert.ok(refused.length > 0 && refused.length < names.length, answers.map(({ status }) => status).join());
  for (const { json, headers } of refused) {
    assert.deepEqual(json, { detail: 'Too many texts are waiting to be encoded' });
    assert.ok(Number(headers['retry-after']) >= 1);
  }
  const answered = answers.filter(({ status }) => status === 200).length;
  assert.equal(answered + refused.length, names.length);
  const after = (await send(service, 'GET', '/stats')).json;
  assert.equal(after.requests.embed, before.requests.embed + answered);
  assert.equal(after.cache.misses, before.cache.misses + 100 * answered);
  const again = await embed(names[answers.findIndex(({ status }) => status === 429)] as string);
  assert.deepEqual([again.status, again.json.cached_count], [200, 0], 'the refused call left nothing in the cache');
});

test('a call that takes longer than REQUEST_TIMEOUT_MS is 503 over a real socket, and its texts are dropped', async () => {
  // ONNX Runtime's encoder is slow enough to miss the timeout, and never stops in the middle of a batch.
  const service = await startService({ REQUEST_TIMEOUT_MS: '150', ENCODER: 'onnx' });
  const origin = await service.app.listen({ port: 0 });
  const post = async (path: string, body: object) => {
    const response = await fetch(origin + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return {
      status: response.status,
      retryAfter: response.headers.get('retry-after'),
      json: (await response.json()) as { detail: string },
    };
  };
  const batches = ['a', 'b', 'c', 'd'].map((name) => post('/embed/batch', { texts: texts(100, name) }));
  const behind = post('/index', { id: 'late', text: 'behind them all' });
  const answers = await Promise.all([...batches, behind]);
  const late = answers.filter(({ status }) => status === 503);
  assert.ok(late.length >= 2, answers.map(({ status }) => status).join());
  for (const { json, retryAfter } of late) {
    assert.match(json.detail, /REQUEST_TIMEOUT_MS/);
    assert.ok(Number(retryAfter) >= 1);
  }
  // Texts of departed clients are dropped; otherwise this answer would take seconds.
  const deadline = performance.now() + 3000;
  while ((await post('/embed', { texts: ['quick'] })).status !== 200) assert.ok(performance.now() < deadline);
  assert.equal(metric((await send(service, 'GET', '/metrics')).text, 'cosimo_queue_texts'), 0);
  const { requests, index } = (await send(service, 'GET', '/stats')).json;
  assert.equal((await behind).status, 503);
  assert.deepEqual([requests.index, index.documents], [0, 0], 'what was answered 503 is not stored afterwards');
});

test('a client that goes before its answer leaves nothing in the queue', async () => {
  const service = await startService();
  const origin = await service.app.listen({ port: 0 });
  const leaving = new AbortController();
  const calls = ['a', 'b', 'c'].map((name) =>
    fetch(`${origin}/embed`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ texts: texts(100, name) }),
      signal: leaving.signal,
    }).catch(() => 'gone'),
  );
  const queued = async () => metric((await send(service, 'GET', '/metrics')).text, 'cosimo_queue_texts');
  while ((await queued()) < 250) await new Promise((resolve) => setTimeout(resolve, 5));
  leaving.abort();
  assert.deepEqual(await Promise.all(calls), ['gone', 'gone', 'gone']);
  while ((await queued()) > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  const encoded = metric((await send(service, 'GET', '/metrics')).text, 'cosimo_tokens_total{kind="text"}');
  assert.ok(encoded < (300 * 90) / 2, `${encoded} tokens: what waited was not encoded`);
});

test('an event loop that lags is 503 for work, not for health', async () => {
  const service = await startService({ MAX_EVENT_LOOP_DELAY_MS: '10' });
  await new Promise((resolve) => setTimeout(resolve, 1100)); // until the plugin has taken a sample
  const until = performance.now() + 1500;
  while (performance.now() < until); // the event loop is blocked, on purpose
  await new Promise((resolve) => setTimeout(resolve, 20));
  const refused = await send(service, 'POST', '/embed', { texts: ['a'] });
  assert.deepEqual([refused.status, refused.json], [503, { detail: 'The service is under pressure; try again later' }]);
  assert.ok(Number(refused.headers['retry-after']) >= 1);
  assert.equal((await send(service, 'GET', '/health')).status, 200);
  assert.equal((await send(service, 'GET', '/health/ready')).status, 200);
  await new Promise((resolve) => setTimeout(resolve, 2200));
  assert.equal((await send(service, 'POST', '/embed', { texts: ['a'] })).status, 200, 'it recovers');
});

describe('before the model is loaded and after closing', () => {
  test('everything but health is 503 with Retry-After', async () => {
    const service = await createUnloadedService();
    const calls: [string, string, unknown?][] = [
      ['POST', '/embed', { texts: ['a'] }],
      ['POST', '/embed/batch', { texts: ['a'] }],
      ['POST', '/index', { id: 'a', text: 'a' }],
      ['POST', '/search', { query: 'a' }],
      ['GET', '/index/a'],
      ['DELETE', '/index/a'],
      ['GET', '/stats'],
      ['GET', '/health'],
      ['GET', '/health/ready'],
    ];
    for (const [method, path, body] of calls) {
      const { status, headers } = await send(service, method, path, body);
      assert.equal(status, 503, path);
      assert.ok(Number(headers['retry-after']) >= 1, path);
    }
    assert.equal((await send(service, 'GET', '/health/live')).status, 200);
    assert.equal((await send(service, 'GET', '/metrics')).status, 200);
    await service.load();
    for (const [method, path, body] of calls)
      assert.notEqual((await send(service, method, path, body)).status, 503, path);
  });

  test('while it closes, what runs is answered and what is new is 503 with Connection: close', async () => {
    const service = await startService();
    const origin = await service.app.listen({ port: 0 });
    const running = fetch(`${origin}/embed/batch`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ texts: texts(60, 'running') }), // more than one inference
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    const closed = service.close();
    const refused = await send(service, 'GET', '/stats');
    assert.deepEqual([refused.status, refused.json], [503, { detail: 'The service is closing' }]);
    assert.equal(refused.headers['connection'], 'close');
    assert.ok(Number(refused.headers['retry-after']) >= 1);
    assert.equal((await running).status, 200);
    await closed;
  });

  test('encoder and tokenizer threads that have died are started again', async () => {
    const threads: Worker[] = [];
    const remember = (worker: Worker) => threads.push(worker);
    process.on('worker', remember);
    const service = await startService({ ENCODER: 'onnx' }); // the native encoder has no thread of this kind
    await Promise.all(threads.map((thread) => thread.terminate()));
    const { status, json } = await send(service, 'POST', '/embed', { texts: ['alive again'] });
    process.off('worker', remember);
    assert.deepEqual([status, json.dimensions, threads.length], [200, 384, 4], 'tokenizer and encoder, each twice');
  });

  test('a failed inference is a 500 that tells nothing and caches nothing; readiness is 503 until one works', async () => {
    const service = await startService({ MODEL_DIR: await modelWithBrokenToken() });
    const embed = (text: string) => send(service, 'POST', '/embed', { texts: [text] });
    assert.equal((await embed('a word')).status, 200);
    const failed = await embed(`a ${BROKEN_WORD}`);
    assert.deepEqual([failed.status, failed.json], [500, { detail: 'Internal Server Error' }]);
    assert.equal((await send(service, 'GET', '/health/ready')).status, 503);
    assert.equal((await send(service, 'GET', '/health')).status, 200);
    assert.equal((await embed(`a ${BROKEN_WORD}`)).status, 500, 'nothing was cached');
    const deadline = performance.now() + 10_000;
    while ((await send(service, 'GET', '/health/ready')).status !== 200) {
      assert.ok(performance.now() < deadline, 'ready again, by a probe of its own');
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    assert.equal((await embed('another word')).status, 200);
  });
});

test('RATE_LIMIT: 429 with Retry-After, health is free', async () => {
  const service = await startService({ RATE_LIMIT: '3' });
  const statuses = [];
  for (let at = 0; at < 5; at += 1) statuses.push((await send(service, 'GET', '/stats')).status);
  assert.deepEqual(statuses, [200, 200, 200, 429, 429]);
  const refused = await send(service, 'GET', '/stats');
  assert.match(refused.json.detail, /More than 3 requests a minute/);
  assert.ok(Number(refused.headers['retry-after']) >= 1);
  assert.equal((await send(service, 'GET', '/health')).status, 200);
});

test('API_KEY: every call that does work wants it, health does not', async () => {
  const service = await startService({ API_KEY: 'secret' });
  const refused = await send(service, 'POST', '/embed', { texts: ['a'] });
  assert.equal(refused.status, 401);
  assert.match(refused.json.detail, /Authorization: Bearer/);
  assert.match(String(refused.headers['www-authenticate']), /^Bearer/);
  assert.equal(
    (await send(service, 'POST', '/embed', { texts: ['a'] }, { authorization: 'Bearer wrong' })).status,
    401,
  );
  assert.equal(
    (await send(service, 'POST', '/embed', { texts: ['a'] }, { authorization: 'Bearer secret' })).status,
    200,
  );
  assert.equal((await send(service, 'GET', '/metrics')).status, 401);
  for (const path of ['/health', '/health/live', '/health/ready'])
    assert.equal((await send(service, 'GET', path)).status, 200);
});
