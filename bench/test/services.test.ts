/** Services that the benchmark starts: on a port that is taken, and with a Python environment that is missing. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, test } from 'vitest';
import { readAnswers } from '../src/load/answers.ts';
import { operationSource } from '../src/load/operations.ts';
import { startService } from '../src/load/services.ts';
import type { HitAnswers, VectorAnswers } from '../src/trial/protocol.ts';
import { testModelDir } from './support/model-dir.ts';

const folder = mkdtempSync(join(tmpdir(), 'cosimo-bench-services-'));
const squatter = createServer();
let taken = 0;
let modelDir = '';

beforeAll(async () => {
  squatter.listen(0, '127.0.0.1');
  await once(squatter, 'listening');
  taken = (squatter.address() as AddressInfo).port;
  modelDir = await testModelDir();
});
afterAll(() => {
  squatter.close();
  rmSync(folder, { recursive: true });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

test('a port that somebody else took is left for another one', async () => {
  const free = await freePort();
  const ports = [taken, free];
  const options = { data: join(folder, 'first'), modelDir, venv: undefined, threads: 1 };
  const { origin, stop } = await startService('cosimo', options, async () => ports.shift() as number);
  assert.equal(origin, `http://127.0.0.1:${free}`);
  assert.equal((await fetch(`${origin}/health/ready`)).status, 200);
  await stop();
  await assert.rejects(fetch(`${origin}/health`), 'it has ended');
});

test('ports that are all taken end in one sentence', async () => {
  const options = { data: join(folder, 'second'), modelDir, venv: undefined, threads: 1 };
  await assert.rejects(
    startService('cosimo', options, async () => taken),
    {
      message: /^cosimo ended with 1 before it served: .*EADDRINUSE.*$/,
    },
  );
});

test('a service that cannot be started ends in one sentence', async () => {
  const options = { data: folder, modelDir, venv: join(folder, 'no-venv'), threads: 1 };
  await assert.rejects(startService('fastapi', options), {
    message: /^fastapi could not be started: spawn .*ENOENT$/,
  });
});

test("the caller's own settings don't reach the service that is measured", async () => {
  process.env['API_KEY'] = 'secret';
  process.env['RATE_LIMIT'] = '1';
  const options = { data: join(folder, 'third'), modelDir, venv: undefined, threads: 1 };
  const { origin, stop } = await startService('cosimo', options);
  const statuses = [];
  for (let i = 0; i < 3; i += 1) statuses.push((await fetch(`${origin}/stats`)).status);
  await stop();
  delete process.env['API_KEY'];
  delete process.env['RATE_LIMIT'];
  assert.deepEqual(statuses, [200, 200, 200]);
});

test('answers are read for comparing: hits by document, vectors by text', async () => {
  const options = { data: join(folder, 'fourth'), modelDir, venv: undefined, threads: 1 };
  const { origin, stop } = await startService('cosimo', options);
  for (const { method, path, body = '' } of operationSource('search', 1, 5).preparation) {
    const headers = { 'content-type': 'application/json' };
    assert.equal((await fetch(origin + path, { method, body, headers })).status, 200);
  }
  const hits = (await readAnswers(origin, 'search', 1)) as HitAnswers;
  const vectors = (await readAnswers(origin, 'embed', 1)) as VectorAnswers;
  const none = await readAnswers(origin, 'stats', 1);
  await stop();
  assert.equal(hits.ids.length, 8);
  for (const ids of hits.ids) assert.deepEqual([...ids].sort(), [0, 1, 2, 3, 4]);
  assert.deepEqual(
    vectors.vectors.map(({ length }) => length),
    Array(8).fill(384),
  );
  assert.equal(none, null);
});
