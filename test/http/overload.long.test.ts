/** 429 and 503 with Retry-After (a full queue, timeouts, a blocked event loop, a service that starts or ends), and recovery. */
import assert from 'node:assert/strict';
import { test } from 'vitest';
import { metric } from '../support/metrics.ts';
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

test('until the model is loaded, work, /health and /health/ready are 503 with Retry-After; /health/live and /metrics are 200', async () => {
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
