/** The hub as a model's source: its faults, and that no partial or altered file passes as a model. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'vitest';
import { resolveModel } from '../../../src/model/source/resolve-model.ts';
import { breakOff, type Misbehavior, refuse, serve, startModelServer } from '../../support/models/model-server.ts';
import {
  assertWhole,
  FILES,
  modelFolder,
  newFolder,
  PINNED,
  setting,
  WEIGHTS,
} from '../../support/models/small-model.ts';

const HERE = createHash('sha256').update(hostname()).digest('hex').slice(0, 8);
/** The temporary name of a process that does not run: Linux gives out no id this large. */
const leftBy = (host: string) => `model.safetensors.partial-${host}-99999999-abc`;

describe('the hub', () => {
  test('files are fetched once, checked and found again', async () => {
    const server = await startModelServer(FILES);
    const { request } = setting(server.endpoint);
    const first = await resolveModel(request);
    assert.equal(first.source, 'hub');
    assertWhole(first.dir);
    assert.ok(server.seen.some(({ path }) => path === `/org/small/resolve/${PINNED.revision}/1_Pooling/config.json`));
    const requests = server.seen.length;
    const second = await resolveModel(request);
    assert.deepEqual([second.source, second.dir, second.fingerprint], ['cache', first.dir, first.fingerprint]);
    assert.equal(server.seen.length, requests, 'a second start asks nobody');
  });

  const isWeights = (request: { url?: string | undefined }) => request.url?.endsWith('model.safetensors') ?? false;

  test('a download that breaks off is taken up where it was', async () => {
    let broken = 0;
    const server = await startModelServer(FILES, (request, response, body) => {
      if (!isWeights(request) || broken === 2) return false;
      broken += 1;
      const start = Number(/bytes=(\d+)/.exec(request.headers.range ?? '')?.[1] ?? 0);
      return breakOff(response, body, 100_000, start);
    });
    const { request, lines } = setting(server.endpoint);
    assertWhole((await resolveModel(request)).dir);
    const ranges = server.seen.filter(({ path }) => path.endsWith('.safetensors')).map(({ range }) => range);
    assert.deepEqual(ranges, [undefined, 'bytes=100000-', 'bytes=200000-']);
    assert.equal(lines.filter((line) => line.includes('trying again')).length, 2);
  });

  test('a server that ignores Range: the file is begun anew', async () => {
    let broken = false;
    const server = await startModelServer(FILES, (request, response, body) => {
      if (!isWeights(request)) return false;
      if (!broken) {
        broken = true;
        return breakOff(response, body, 100_000);
      }
      return serve(response, body);
    });
    assertWhole((await resolveModel(setting(server.endpoint).request)).dir);
  });

  test('a server that sends another part than the one asked for: the file is begun anew', async () => {
    let requests = 0;
    const server = await startModelServer(FILES, (request, response, body) => {
      if (!isWeights(request)) return false;
      requests += 1;
      if (requests === 1) return breakOff(response, body, 100_000);
      if (requests > 2) return false;
      const tail = body.subarray(150_000);
      response.writeHead(206, {
        'content-length': tail.length,
        'content-range': `bytes 150000-${body.length - 1}/${body.length}`,
      });
      response.end(tail);
      return true;
    });
    const { request } = setting(server.endpoint);
    // The bytes that came are not the file. They are dropped, and the next start begins anew.
    await assert.rejects(resolveModel(request), {
      code: 'model_unavailable',
      message: /model\.safetensors has 150000 bytes/,
    });
    assertWhole((await resolveModel(request)).dir);
  });

  test('what a broken start left is taken over by the next one', async () => {
    const cache = newFolder();
    mkdirSync(modelFolder(cache), { recursive: true });
    for (const more of ['', '1']) {
      writeFileSync(join(modelFolder(cache), leftBy(HERE) + more), WEIGHTS.subarray(0, 123_456));
    }
    const server = await startModelServer(FILES);
    assertWhole((await resolveModel(setting(server.endpoint, {}, cache).request)).dir);
    assert.ok(server.seen.some(({ range }) => range === 'bytes=123456-'));
  });

  test('what was left and is damaged: the file is fetched whole in the same start', async () => {
    for (const left of [Buffer.alloc(123_456, 9), Buffer.alloc(WEIGHTS.length + 5)]) {
      const cache = newFolder();
      mkdirSync(modelFolder(cache), { recursive: true });
      writeFileSync(join(modelFolder(cache), leftBy(HERE)), left);
      const server = await startModelServer(FILES, (request, response) => {
        return request.headers.range === `bytes=${WEIGHTS.length + 5}-` && refuse(response, 416);
      });
      const { request, lines } = setting(server.endpoint, {}, cache);
      assertWhole((await resolveModel(request)).dir);
      assert.ok(lines.some((line) => line.includes("left of it doesn't fit")));
    }
  });

  test('what another machine may be writing is left alone, until nobody has written for long', async () => {
    const cache = newFolder();
    mkdirSync(modelFolder(cache), { recursive: true });
    const theirs = join(modelFolder(cache), leftBy('0123abcd'));
    writeFileSync(theirs, WEIGHTS.subarray(0, 1000));
    const server = await startModelServer(FILES);
    const { request } = setting(server.endpoint, {}, cache);
    const { dir } = await resolveModel(request);
    assert.ok(server.seen.every(({ range }) => range === undefined));
    assert.ok(existsSync(theirs));
    const hourAgo = Date.now() / 1000 - 3600;
    utimesSync(theirs, hourAgo, hourAgo);
    rmSync(join(dir, 'model.safetensors'));
    assertWhole((await resolveModel(request)).dir);
    assert.ok(server.seen.some(({ range }) => range === 'bytes=1000-'));
  });

  test('an abort ends the download; the next start takes it up', async () => {
    const server = await startModelServer(FILES, (request, response, body) => {
      if (!isWeights(request) || request.headers.range !== undefined) return false;
      response.writeHead(200, { 'content-length': body.length });
      response.write(body.subarray(0, 1000));
      return true;
    });
    const { request, lines } = setting(server.endpoint);
    const withLongTimeouts = { ...request, timeouts: { connect_ms: 9000, stall_ms: 9000, attempts: 4, backoff_ms: 5 } };
    const started = performance.now();
    const aborted = resolveModel({ ...withLongTimeouts, signal: AbortSignal.timeout(500) });
    await assert.rejects(aborted, { name: 'TimeoutError' });
    assert.ok(performance.now() - started < 5000);
    assert.deepEqual(lines, [], 'no further attempt');
    assertWhole((await resolveModel(request)).dir);
    assert.ok(server.seen.some(({ range }) => range === 'bytes=1000-'));
  });

  test('a connection lost before an answer: tried again once the server has answered before', async () => {
    let lost = 0;
    const server = await startModelServer(FILES, (request) => {
      if (!isWeights(request) || lost === 2) return false;
      lost += 1;
      request.socket.destroy();
      return true;
    });
    assertWhole((await resolveModel(setting(server.endpoint).request)).dir);
    const dead = setting(server.endpoint);
    const refusing = await startModelServer(FILES, (request) => Boolean(request.socket.destroy()));
    await assert.rejects(
      resolveModel({ ...dead.request, environment: { ...dead.environment, HF_ENDPOINT: refusing.endpoint } }),
    );
    assert.equal(refusing.seen.length, 1, 'a server that never answered is asked once');
  });

  test('only what is missing or altered is fetched, and uncompressed', async () => {
    const server = await startModelServer(FILES);
    const { request } = setting(server.endpoint);
    const { dir } = await resolveModel(request);
    assert.ok(server.seen.every(({ encoding }) => encoding === 'identity'));
    writeFileSync(join(dir, 'tokenizer.json'), '{}');
    server.seen.length = 0;
    assertWhole((await resolveModel(request)).dir);
    assert.deepEqual(
      server.seen.map(({ path }) => path),
      [`/org/small/resolve/${PINNED.revision}/tokenizer.json`],
    );
  });

  const refused: [name: string, misbehave: Misbehavior, reason: RegExp][] = [
    [
      'other bytes of the same length',
      (request, response, body) => isWeights(request) && serve(response, Buffer.alloc(body.length, 7)),
      /hub .*model\.safetensors has the SHA-256 [0-9a-f]{64} instead of/,
    ],
    [
      'fewer bytes, well-formed',
      (request, response) => isWeights(request) && serve(response, WEIGHTS.subarray(0, 1000)),
      /hub .*model\.safetensors has 1000 bytes instead of 300000/,
    ],
    [
      'more bytes than there should be',
      (request, response) => isWeights(request) && serve(response, Buffer.concat([WEIGHTS, WEIGHTS])),
      /hub .*model\.safetensors: the server sends more than 300000 bytes/,
    ],
    [
      'an end in the middle, always',
      (request, response, body) => isWeights(request) && breakOff(response, body, 0),
      /hub .*model\.safetensors: /,
    ],
    ['no answer', (request) => isWeights(request), /hub .*model\.safetensors: no answer within 0\.3 s/],
    [
      'silence in the middle',
      (request, response, body) => {
        if (!isWeights(request)) return false;
        response.writeHead(200, { 'content-length': body.length });
        response.write(body.subarray(0, 1000));
        return true;
      },
      /hub .*model\.safetensors: (?:no more bytes came|no answer) within 0\.3 s/,
    ],
    ['404', (_request, response) => refuse(response, 404), /hub .*the server answered 404 Not Found/],
    ['401', (_request, response) => refuse(response, 401), /hub .*the server answered 401 Unauthorized/],
    ['500, always', (_request, response) => refuse(response, 500), /hub .*the server answered 500/],
  ];
  for (const [name, misbehave, reason] of refused) {
    test(`${name}: no model, and the reason`, async () => {
      const server = await startModelServer(FILES, misbehave);
      const { request, environment } = setting(server.endpoint);
      await assert.rejects(resolveModel(request), { code: 'model_unavailable', message: reason });
      const weights = join(modelFolder(environment['XDG_CACHE_HOME'] as string), 'model.safetensors');
      assert.equal(existsSync(weights), false, 'nothing has the name of the weights');
      const good = await startModelServer(FILES);
      const again = await resolveModel({ ...request, environment: { ...environment, HF_ENDPOINT: good.endpoint } });
      assertWhole(again.dir);
    });
  }

  test('HF_TOKEN goes to the hub and not where it redirects to', async () => {
    const elsewhere = await startModelServer(FILES);
    const hub = await startModelServer(FILES, (request, response) => {
      response.writeHead(302, { location: elsewhere.endpoint.replace('127.0.0.1', 'localhost') + request.url }).end();
      return true;
    });
    assertWhole((await resolveModel(setting(hub.endpoint, { HF_TOKEN: 'secret' }).request)).dir);
    assert.ok(hub.seen.every(({ authorization }) => authorization === 'Bearer secret'));
    assert.ok(elsewhere.seen.length >= Object.keys(FILES).length);
    assert.ok(elsewhere.seen.every(({ authorization }) => authorization === undefined));
  });
});
