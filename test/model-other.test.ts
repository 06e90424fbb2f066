/** Another model than the default: what the hub says of it is believed as far as it can be checked. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { resolveModel } from '../src/model/resolve-model.ts';
import { type Misbehaviour, startModelServer } from './support/model-server.ts';
import { assertWhole, FILES, PINNED, setting, WEIGHTS } from './support/small-model.ts';

describe('another model than the default', () => {
  type Sibling = { rfilename: string; size?: number; lfs?: { sha256: string; size: number } };
  const commit = 'b'.repeat(40);
  const plain: Sibling[] = PINNED.files.map(({ path, bytes = 0 }) => ({ rfilename: path, size: bytes }));
  const large: Sibling[] = PINNED.files.map(({ path, bytes: size = 0, sha256 = '' }) => ({
    ...{ rfilename: path, size },
    lfs: { sha256, size },
  }));
  const start = (siblings: readonly Sibling[], misbehave: Misbehaviour = () => false) =>
    startModelServer(FILES, (request, response, body) => {
      if (!request.url?.startsWith('/api/models/org/other/revision/v2')) return misbehave(request, response, body);
      response.end(JSON.stringify({ sha: commit, siblings }));
      return true;
    });
  const requestTo = (endpoint: string) => ({ ...setting(endpoint).request, model: 'org/other@v2' });

  test('the hub names commit, files and digests; what is not needed stays there', async () => {
    const others = ['../../escape.json', '1_x/../../config.json', 'pytorch_model.bin', 'README.md'];
    const server = await start([...large, ...others.map((rfilename) => ({ rfilename }))]);
    const request = requestTo(server.endpoint);
    const found = await resolveModel(request);
    assert.deepEqual([found.name, found.revision, found.source], ['org/other', commit, 'hub']);
    assert.ok(found.dir.endsWith(join('org--other', commit)));
    assertWhole(found.dir);
    assert.equal((await resolveModel(request)).source, 'cache');
    writeFileSync(join(found.dir, 'model.safetensors'), Buffer.alloc(WEIGHTS.length));
    assert.equal((await resolveModel(request)).source, 'hub', 'an altered file is fetched again');
    assertWhole(found.dir);
  });

  test('files whose digest nobody tells are remembered as they came, and fetched again when altered', async () => {
    const server = await start(plain);
    const request = requestTo(server.endpoint);
    const { dir } = await resolveModel(request);
    assert.equal((await resolveModel(request)).source, 'cache');
    writeFileSync(join(dir, 'tokenizer.json'), Buffer.alloc(FILES['tokenizer.json'].length, ' '));
    assert.equal((await resolveModel(request)).source, 'hub');
    assertWhole(dir);
  });

  test("the digest in the hub's own answer is checked where the listing has none", async () => {
    const server = await start(plain, (request, response) => {
      if (request.method !== 'HEAD' || !request.url?.endsWith('model.safetensors')) return false;
      response.writeHead(302, { location: 'http://127.0.0.1:1/', 'x-linked-etag': `"${'0'.repeat(64)}"` }).end();
      return true;
    });
    await assert.rejects(resolveModel(requestTo(server.endpoint)), {
      message: /hub .*model\.safetensors has the SHA-256 [0-9a-f]{64} instead of 0{64}/,
    });
  });

  test('a listing that lacks the weights, or names no commit', async () => {
    const lacking = await start(plain.filter(({ rfilename }) => rfilename !== 'model.safetensors'));
    await assert.rejects(resolveModel(requestTo(lacking.endpoint)), { message: /hub .*: has no model\.safetensors/ });
    const odd = await startModelServer(FILES, (_request, response) => {
      response.end('{"sha": "../../x"}');
      return true;
    });
    await assert.rejects(resolveModel(requestTo(odd.endpoint)), { message: /hub .*: the server names no commit/ });
  });
});
