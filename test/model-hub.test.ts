/** The hub as a model's source: its faults, and that nothing half-finished or altered passes for a model. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { resolveModel } from '../src/model/resolve-model.ts';
import { breakOff, type Misbehaviour, refuse, serve, startModelServer } from './support/model-server.ts';
import { assertWhole, FILES, modelFolder, newFolder, PINNED, setting, WEIGHTS } from './support/small-model.ts';

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
    // What came is not the file; it isn't taken for it, and the next start begins anew.
    await assert.rejects(resolveModel(request), {
      code: 'model_unavailable',
      message: /model\.safetensors has 150000 bytes/,
    });
    assertWhole((await resolveModel(request)).dir);
  });

  test('what a broken start left is taken over by the next one', async () => {
    const cache = newFolder();
    mkdirSync(modelFolder(cache), { recursive: true });
    // A process id that is not running: beyond what Linux gives out.
    writeFileSync(join(modelFolder(cache), 'model.safetensors.partial-99999999-abc'), WEIGHTS.subarray(0, 123_456));
    const server = await startModelServer(FILES);
    assertWhole((await resolveModel(setting(server.endpoint, {}, cache).request)).dir);
    assert.ok(server.seen.some(({ range }) => range === 'bytes=123456-'));
  });

  const refused: [name: string, misbehave: Misbehaviour, reason: RegExp][] = [
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

  test('another model: the hub names commit, files and digests; what is not needed stays there', async () => {
    const siblings = [
      ...PINNED.files.map(({ path, bytes, sha256 }) => ({
        rfilename: path,
        size: bytes,
        lfs: { sha256, size: bytes },
      })),
      { rfilename: '../../escape.json' },
      { rfilename: 'pytorch_model.bin' },
      { rfilename: 'README.md' },
    ];
    const server = await startModelServer(FILES, (request, response) => {
      if (!request.url?.startsWith('/api/models/org/other/revision/v2')) return false;
      response.end(JSON.stringify({ sha: 'b'.repeat(40), siblings }));
      return true;
    });
    const { request } = setting(server.endpoint);
    const found = await resolveModel({ ...request, model: 'org/other@v2' });
    assert.ok(found.dir.endsWith(join('org--other', 'b'.repeat(40))));
    assertWhole(found.dir);
    const again = await resolveModel({ ...request, model: 'org/other@v2' });
    assert.equal(again.source, 'cache');
    writeFileSync(join(found.dir, 'model.safetensors'), Buffer.alloc(WEIGHTS.length));
    assert.equal(
      (await resolveModel({ ...request, model: 'org/other@v2' })).source,
      'hub',
      'an altered file is fetched again',
    );
  });
});
