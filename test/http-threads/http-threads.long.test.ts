/** HTTP_THREADS: several event loops over one engine. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { pino } from 'pino';
import { Agent, request } from 'undici';
import { test } from 'vitest';
import { httpThreads, loadConfig } from '../../src/config.ts';
import { createThreadedService, type ThreadedService } from '../../src/service.ts';
import { atEnd } from '../support/at-end.ts';
import { accepted, call, startProcess } from '../support/process.ts';
import type { Answer } from '../support/service.ts';

interface Threaded {
  readonly service: ThreadedService;
  readonly origin: string;
  /** Sends a request on a new connection: the system chooses the thread that answers. */
  readonly send: (method: string, path: string, body?: unknown) => Promise<Omit<Answer, 'headers'>>;
}

async function start(settings: Readonly<Record<string, string>> = {}): Promise<Threaded> {
  const { MODEL, MODEL_DIR } = process.env;
  const config = loadConfig({
    MODEL,
    MODEL_DIR,
    DATA_DIR: ':memory:',
    DEVICE: 'cpu',
    ENCODER_WORKERS: '1',
    LOG_LEVEL: 'silent',
    PORT: '0',
    HTTP_THREADS: '2',
    ...settings,
  });
  const service = await createThreadedService(config, httpThreads(config), pino({ level: 'silent' }));
  const origin = await service.listen();
  await service.load();
  atEnd(() => service.close());
  const agent = new Agent({ pipelining: 0, connections: 64 });
  atEnd(() => agent.close());
  return {
    service,
    origin,
    async send(method, path, body) {
      const answer = await request(origin + path, {
        dispatcher: agent,
        reset: true,
        method: method as 'GET',
        ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
      });
      const text = await answer.body.text();
      return {
        status: answer.statusCode,
        text,
        json: text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : undefined,
      };
    },
  };
}

const many = <T>(count: number, one: (at: number) => Promise<T>) =>
  Promise.all(Array.from({ length: count }, (_, at) => one(at)));

test('threads share cache, index and counts; each count is of the whole process', async () => {
  const { send } = await start();
  const first = await many(40, () => send('POST', '/embed', { texts: ['one text for all'] }));
  assert.deepEqual(new Set(first.map(({ json }) => JSON.stringify(json.embeddings))).size, 1);
  const cached = await many(40, () => send('POST', '/embed', { texts: ['one text for all'] }));
  assert.ok(cached.every(({ json }) => json.cached_count === 1));
  await many(20, (at) => send('POST', '/index', { id: `d${at}`, text: `Document number ${at}` }));
  const found = await many(20, (at) =>
    send('POST', '/search', { query: `Document number ${at}`, top_k: 1, threshold: 0.9 }),
  );
  assert.deepEqual(
    found.map(({ json }) => json[0].id),
    Array.from({ length: 20 }, (_, at) => `d${at}`),
  );
  const stats = await many(10, () => send('GET', '/stats'));
  for (const { json } of stats) {
    assert.deepEqual(json.requests, { embed: 80, batch: 0, search: 20, index: 20 });
    assert.equal(json.index.documents, 20);
    assert.equal(json.cache.hits + json.cache.misses, 120);
    assert.equal(json.cache.entries, 21);
  }
  const { text } = await send('GET', '/metrics');
  for (const line of [
    'cosimo_http_requests_total{route="/embed",status="200"} 80',
    'cosimo_http_requests_total{route="/search",status="200"} 20',
    'cosimo_http_request_duration_seconds_count{route="/index"} 20',
    'cosimo_batch_texts_sum 21', // each text was encoded once, even if several threads asked for it
  ]) {
    assert.ok(text.includes(`\n${line}\n`), line);
  }
});

test("OpenAI's call: texts and token ids, encoded and counted by the main thread", async () => {
  const { send } = await start();
  const model = 'all-MiniLM-L6-v2';
  const input = ['Hello, world!', 'word '.repeat(300)];
  for (const round of ['new', 'cached']) {
    const answers = await many(6, () => send('POST', '/v1/embeddings', { model, input }));
    for (const { status, json } of answers) {
      assert.deepEqual([status, json.data.length], [200, 2], round);
      assert.deepEqual(json.usage, { prompt_tokens: 262, total_tokens: 262, truncated_texts: 1 });
    }
  }
  const ids = [7592, 1010, 2088, 999];
  const { json } = await send('POST', '/v1/embeddings', { model, input: ids });
  const [expected] = (await send('POST', '/embed', { texts: ['Hello, world!'] })).json.embeddings;
  json.data[0].embedding.forEach((value: number, at: number) => assert.ok(Math.abs(value - expected[at]) < 1e-5));
  assert.equal((await send('GET', '/v1/models')).json.data.length, 1);
  assert.equal((await send('POST', '/v1/embeddings', { model: 'other', input })).json.error.code, 'model_not_found');
});

test('errors, refusals and limits are as with one thread', async () => {
  const { send } = await start({ RATE_LIMIT: '50', MAX_BATCH_SIZE: '3', QUEUE_TOKENS: '9' });
  assert.deepEqual((await send('GET', '/index/none')).json, { detail: 'Document not found' });
  assert.equal((await send('DELETE', '/index/none')).status, 404);
  assert.equal((await send('POST', '/embed', { texts: ['a', 'b', 'c', 'd'] })).status, 400);
  assert.equal((await send('POST', '/embed', { texts: [1] })).status, 422);
  const long = (at: number) => [0, 1, 2].map((text) => `${at} ${text} ${'and so on '.repeat(200)}`);
  const answers = await many(6, (at) => send('POST', '/embed', { texts: long(at) }));
  const statuses = answers.map(({ status }) => status);
  assert.ok(statuses.includes(200) && statuses.includes(429), statuses.join());
  const { json } = await send('GET', '/stats');
  const acceptedCount = statuses.filter((status) => status === 200).length;
  assert.deepEqual([json.requests.embed, json.cache.misses], [acceptedCount, 3 * acceptedCount]);
  // Eleven requests so far, without /health. All threads share one limit.
  const rest = await many(60, () => send('GET', '/stats'));
  assert.equal(rest.filter(({ status }) => status === 200).length, 50 - 11);
  assert.ok(rest.every(({ status }) => status === 200 || status === 429));
});

test('a thread that dies is started again, and loses neither counts nor acknowledged writes', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'cosimo-threads-'));
  atEnd(() => rm(dir, { recursive: true, force: true }));
  /** The thread of each name that was started last. */
  const workers = new Map<string | null, Worker>();
  const remember = (worker: Worker) => workers.set(worker.threadName, worker);
  process.on('worker', remember);
  atEnd(() => process.off('worker', remember));
  const { service, send } = await start({ DATA_DIR: dir });
  const acknowledged: string[] = [];
  let writing = true;
  const writers = many(4, async (writer) => {
    for (let at = 0; writing; at += 1) {
      const id = `w${writer}-${at}`;
      const answer = await send('POST', '/index', { id, text: `text ${at % 10}` }).catch(() => undefined);
      if (answer?.status === 200) acknowledged.push(id);
    }
  });
  for (const thread of [1, 2, 1]) {
    await setTimeout(300);
    await (workers.get(`http ${thread}`) as Worker).terminate();
    const before = acknowledged.length;
    const deadline = performance.now() + 20_000;
    while (service.threads.listening < 2 && performance.now() < deadline) await setTimeout(20);
    assert.equal(service.threads.listening, 2);
    await setTimeout(200);
    assert.ok(acknowledged.length > before, 'writes go on');
  }
  writing = false;
  await writers;
  const found = await many(acknowledged.length, (at) => send('GET', `/index/${acknowledged[at]}`));
  assert.ok(found.every(({ status }) => status === 200));
  const { json } = await send('GET', '/stats');
  assert.ok(json.index.documents >= acknowledged.length);
  assert.ok(json.requests.index >= acknowledged.length);
});

test('the process drains all threads when it is asked to end', async () => {
  const cosimo = await startProcess({ HTTP_THREADS: '3', DATA_DIR: ':memory:' });
  await cosimo.ready();
  const texts = (at: number) => Array.from({ length: 30 }, (_, text) => `request ${at}, text ${text} of thirty`);
  const answers = many(12, (at) => call(cosimo.origin, 'POST', '/embed', { texts: texts(at) }));
  await accepted(cosimo.origin, 'embed', 12);
  cosimo.child.kill('SIGTERM');
  const statuses = (await answers).map(({ status }) => status);
  assert.ok(
    statuses.every((status) => status === 200 || status === 503),
    statuses.join(),
  );
  assert.ok(statuses.filter((status) => status === 200).length >= 6, statuses.join());
  assert.equal(await cosimo.ended, 0);
});

test('a port that is taken is one sentence, with threads too', async () => {
  const first = await startProcess({ HTTP_THREADS: '2', DATA_DIR: ':memory:' });
  const second = await startProcess({ HTTP_THREADS: '2', DATA_DIR: ':memory:', PORT: new URL(first.origin).port });
  assert.equal(await second.ended, 1);
  assert.match(second.output(), /^cosimo: .*EADDRINUSE/m);
  first.child.kill('SIGTERM');
  await first.ended;
});
