/** The real process: it starts, serves, is killed, starts again and closes. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, test } from 'vitest';
import { accepted, call, startProcess } from './support/process.ts';
import { rawRequest } from './support/raw-http.ts';

const scratch = mkdtempSync(join(tmpdir(), 'cosimo-process-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const DOCUMENTS = [
  { id: 'python', text: 'Python is a programming language', metadata: { year: 1991 } },
  { id: 'erlang', text: 'Erlang is great for concurrent systems' },
  { id: 'ml', text: 'Machine learning uses neural networks' },
];

const search = async (origin: string, query: string) =>
  (await call(origin, 'POST', '/search', { query, threshold: 0.1 })).json as {
    id: string;
    score: number;
    metadata: object;
  }[];

test('the walk-through, kill -9, a second start: Python first, both times', async () => {
  const settings = { DATA_DIR: join(scratch, 'walk-through') };
  const first = await startProcess(settings);
  await first.ready();
  assert.match(first.output(), new RegExp(`Cosimo serves on ${first.origin}`));
  assert.equal(first.output().match(/^ {2}curl http/gm)?.length, 2, 'two curls to try');
  for (const document of DOCUMENTS) {
    assert.deepEqual(await call(first.origin, 'POST', '/index', document), {
      status: 200,
      json: { indexed: document.id },
    });
  }
  const before = await search(first.origin, 'programming languages');
  assert.equal(before[0]?.id, 'python');
  assert.deepEqual(before[0]?.metadata, { year: 1991 });
  first.child.kill('SIGKILL');
  assert.equal(await first.ended, 'SIGKILL');

  const second = await startProcess(settings);
  await second.ready();
  assert.deepEqual(await search(second.origin, 'programming languages'), before);
});

test('kill -9 in the middle of writes loses nothing that was acknowledged', async () => {
  const settings = { DATA_DIR: join(scratch, 'killed') };
  const first = await startProcess(settings);
  await first.ready();
  const acknowledged = new Map<string, string>();
  const deleted = new Set<string>();
  let killed = false;
  const writer = async (name: number) => {
    for (let at = 0; !killed; at += 1) {
      const id = `${name}-${at % 15}`;
      const text = `writer ${name} wrote ${at}`;
      try {
        await call(first.origin, 'POST', '/index', { id, text });
        acknowledged.set(id, text);
        deleted.delete(id);
        if (at % 7 === 0) {
          acknowledged.delete(id); // until the DELETE is answered, the document may exist or not
          await call(first.origin, 'DELETE', `/index/${id}`);
          deleted.add(id);
        }
      } catch {
        acknowledged.delete(id); // not answered: the document may exist or not, even if the id was deleted before
        deleted.delete(id);
        return;
      }
    }
  };
  const writers = Promise.all([1, 2, 3, 4, 5, 6].map(writer));
  await new Promise((resolve) => setTimeout(resolve, 1000));
  first.child.kill('SIGKILL');
  killed = true;
  await writers;

  const second = await startProcess(settings);
  await second.ready();
  assert.ok(acknowledged.size > 20, `${acknowledged.size} documents were acknowledged`);
  for (const [id, text] of acknowledged) {
    const { json } = await call(second.origin, 'GET', `/index/${id}`);
    assert.equal((json as { text: string }).text, text);
    const hits = (await call(second.origin, 'POST', '/search', { query: text, threshold: 0.999 })).json as {
      id: string;
    }[];
    assert.ok(
      hits.some((hit) => hit.id === id),
      `${id} is searchable`,
    );
  }
  for (const id of deleted) assert.equal((await call(second.origin, 'GET', `/index/${id}`)).status, 404);
});

test('the port opens first: /health is 503 while the model loads, then 200', async () => {
  const started = await startProcess({ DATA_DIR: ':memory:' });
  const early = await call(started.origin, 'GET', '/health');
  const embed = await call(started.origin, 'POST', '/embed', { texts: ['early'] });
  assert.deepEqual(early, { status: 503, json: { status: 'loading', model_loaded: false } });
  assert.deepEqual(embed, { status: 503, json: { detail: 'The model is not ready yet' } });
  assert.equal((await fetch(`${started.origin}/health/live`)).status, 200);
  await started.ready();
  assert.deepEqual(await call(started.origin, 'GET', '/health'), {
    status: 200,
    json: { status: 'healthy', model_loaded: true },
  });
});

test('SIGTERM, also when it comes twice, answers what runs, refuses what is new, and ends with 0', async () => {
  const started = await startProcess({ DATA_DIR: ':memory:' });
  await started.ready();
  const texts = Array.from({ length: 100 }, (_, at) => `${'a long text '.repeat(40)}${at}`);
  const running = call(started.origin, 'POST', '/embed/batch', { texts });
  await accepted(started.origin, 'batch', 1);
  started.child.kill('SIGTERM');
  started.child.kill('SIGTERM');
  await new Promise((resolve) => setTimeout(resolve, 50));
  await assert.rejects(fetch(`${started.origin}/stats`), 'it listens no more');
  const { status, json } = await running;
  assert.equal(status, 200);
  assert.equal((json as { embeddings: unknown[] }).embeddings.length, 100);
  assert.equal(await started.ended, 0);
});

test('an upload that never ends does not hold up closing', async () => {
  const started = await startProcess({ DATA_DIR: ':memory:' });
  await started.ready();
  const socket = connect(Number(new URL(started.origin).port), '127.0.0.1');
  socket.on('error', () => {});
  socket.write('POST /embed HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{');
  await new Promise((resolve) => setTimeout(resolve, 100));
  const asked_ms = performance.now();
  started.child.kill('SIGTERM');
  assert.equal(await started.ended, 0);
  assert.ok(performance.now() - asked_ms < 3000);
});

test('what is not HTTP gets an error of the same form as any other', async () => {
  const { origin, ready } = await startProcess({ DATA_DIR: ':memory:' });
  await ready();
  const cases: [sent: string, status: number][] = [
    ['nonsense\r\n\r\n', 400],
    ['POST /embed HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n', 400],
    [`GET /${'x'.repeat(20_000)} HTTP/1.1\r\nHost: a\r\n\r\n`, 431],
  ];
  for (const [sent, status] of cases) {
    const socket = connect(Number(new URL(origin).port), '127.0.0.1');
    socket.end(sent);
    let answer = '';
    for await (const chunk of socket) answer += chunk;
    const [head = '', body = ''] = answer.split('\r\n\r\n');
    assert.match(head, new RegExp(`^HTTP/1.1 ${status} `));
    assert.ok('detail' in JSON.parse(body), answer);
  }
  assert.equal((await fetch(`${origin}/health`)).status, 200);
});

describe('what keeps it from starting is told in one sentence', () => {
  const refusals: [name: string, settings: Record<string, string>, message: RegExp][] = [
    ['a bad setting', { MAX_TOP_K: 'many' }, /^cosimo: MAX_TOP_K=many: must be integer/m],
    ['a model folder without a model', { MODEL_DIR: scratch }, /^cosimo: .*config\.json/m],
    [
      'CUDA where there is none',
      { DEVICE: 'cuda', DATA_DIR: ':memory:' },
      /^cosimo: DEVICE=cuda, but CUDA cannot be used here/m,
    ],
    [
      'a data folder that cannot be made',
      { DATA_DIR: '/dev/null/data' },
      /^cosimo: DATA_DIR=\/dev\/null\/data cannot be opened/m,
    ],
  ];
  for (const [name, settings, message] of refusals) {
    test(name, async () => {
      const started = await startProcess(settings);
      assert.equal(await started.ended, 1);
      assert.match(started.output(), message);
      assert.doesNotMatch(started.output(), /^ +at /m, 'no stack');
    });
  }

  test('a port in use', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    const started = await startProcess({ PORT: String(port) });
    assert.equal(await started.ended, 1);
    assert.match(started.output(), /cosimo: .*EADDRINUSE/);
    server.close();
  });
});

describe('bad input', () => {
  const json = { 'content-type': 'application/json' };
  const post = (path: string, body: string, headers: Record<string, string> = json) => ({
    method: 'POST',
    path,
    body,
    headers,
  });
  const texts = (count: number) => JSON.stringify({ texts: Array.from({ length: count }, String) });
  const bad: [name: string, request: Parameters<typeof rawRequest>[1], status: number][] = [
    ['malformed JSON', post('/embed', '{"texts": ["a"'), 422],
    ['an empty body', post('/embed', ''), 422],
    ['null', post('/embed', 'null'), 422],
    ['an array', post('/embed', '[]'), 422],
    ['no content type', post('/embed', '{"texts": ["a"]}', {}), 422],
    ['another content type', post('/embed', '{"texts": ["a"]}', { 'content-type': 'text/plain' }), 422],
    ['texts missing', post('/embed', '{}'), 422],
    ['texts of the wrong type', post('/embed', '{"texts": "a"}'), 422],
    ['a text of the wrong type', post('/embed/batch', '{"texts": ["a", 1]}'), 422],
    ['101 texts', post('/embed', texts(101)), 400],
    ['101 texts in a batch', post('/embed/batch', texts(101)), 400],
    ['invalid UTF-8', { ...post('/embed', ''), body: Buffer.from([0x7b, 0xff, 0x7d]) }, 400],
    ['a body past the limit', post('/embed', JSON.stringify({ texts: ['x'.repeat(70_000)] })), 413],
    ['an empty id', post('/index', '{"id": "", "text": "a"}'), 422],
    ['metadata that is no object', post('/index', '{"id": "a", "text": "a", "metadata": [1]}'), 422],
    ['NaN as threshold', post('/search', '{"query": "a", "threshold": NaN}'), 422],
    ['an infinite threshold', post('/search', '{"query": "a", "threshold": "inf"}'), 422],
    ['a fraction as top_k', post('/search', '{"query": "a", "top_k": 2.5}'), 422],
    ['an unknown path', { method: 'GET', path: '/nope' }, 404],
    ['a known path, another method', { method: 'GET', path: '/embed' }, 405],
    ['an unknown document', { method: 'DELETE', path: '/index/a%2Fb%25%F0%9F%98%80' }, 404],
    ['a malformed percent-encoding', { method: 'DELETE', path: '/index/%zz' }, 404],
  ];

  test(`each of ${bad.length} kinds is answered with its error; the service goes on and nothing has changed`, async () => {
    const { origin, ready } = await startProcess({ DATA_DIR: ':memory:', MAX_BODY_BYTES: '65536' });
    await ready();
    await call(origin, 'POST', '/index', { id: 'kept', text: 'kept' });
    const stats = await call(origin, 'GET', '/stats');
    for (const [name, request, status] of bad) {
      const answer = await rawRequest(origin, request);
      assert.equal(answer.status, status, `${name}: ${answer.text}`);
      assert.ok('detail' in JSON.parse(answer.text), name);
      assert.deepEqual(await call(origin, 'GET', '/stats'), stats, name);
    }
  });
});
