/** Models other than the default: what the hub says about them is checked as far as possible. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'vitest';
import { resolveModel } from '../../../src/model/source/resolve-model.ts';
import { type Misbehavior, startModelServer } from '../../support/models/model-server.ts';
import { assertWhole, FILES, newFolder, PINNED, setting, WEIGHTS } from '../../support/models/small-model.ts';

describe('another model than the default', () => {
  type Sibling = { rfilename: string; size?: number; lfs?: { sha256: string; size: number } };
  const commit = 'b'.repeat(40);
  const plain: Sibling[] = PINNED.files.map(({ path, bytes = 0 }) => ({ rfilename: path, size: bytes }));
  const large: Sibling[] = PINNED.files.map(({ path, bytes: size = 0, sha256 = '' }) => ({
    rfilename: path,
    size,
    lfs: { sha256, size },
  }));
  const start = (siblings: readonly Sibling[], misbehave: Misbehavior = () => false) =>
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

  test('a listing that lacks the weights or names no commit is refused', async () => {
    const lacking = await start(plain.filter(({ rfilename }) => rfilename !== 'model.safetensors'));
    await assert.rejects(resolveModel(requestTo(lacking.endpoint)), { message: /hub .*: has no model\.safetensors/ });
    const odd = await startModelServer(FILES, (_request, response) => {
      response.end('{"sha": "../../x"}');
      return true;
    });
    await assert.rejects(resolveModel(requestTo(odd.endpoint)), { message: /hub .*: the server names no commit/ });
  });

  describe('other weights than one model.safetensors', () => {
    const { 'model.safetensors': _, ...settings } = FILES;
    const shards = [1, 2].map((at) => `model-0000${at}-of-00002.safetensors`);
    const bodies = (paths: readonly string[]) => Object.fromEntries(paths.map((path) => [path, Buffer.from(path)]));
    const sharded = { ...settings, ...bodies(['model.safetensors.index.json', ...shards]) };
    const onnx = { ...settings, ...bodies(['onnx/model.onnx', 'onnx/model.onnx_data']) };
    /** A hub whose list names more files than Cosimo needs. */
    const startHub = (files: Readonly<Record<string, Buffer>>, others: readonly string[] = []) =>
      startModelServer({ ...files, ...bodies(others) }, (request, response) => {
        if (!request.url?.startsWith('/api/models/org/other/revision/v2')) return false;
        const siblings = [...Object.keys(files), ...others].map((rfilename) => ({ rfilename }));
        response.end(JSON.stringify({ sha: commit, siblings }));
        return true;
      });
    const filesIn = (dir: string) =>
      readdirSync(dir, { recursive: true, encoding: 'utf8' })
        .filter((name) => statSync(join(dir, name)).isFile())
        .toSorted();

    const kinds: [name: string, files: Readonly<Record<string, Buffer>>, others: string[]][] = [
      [
        'safetensors alone, where there is an ONNX file too',
        FILES,
        ['onnx/model.onnx', 'onnx/model_O4.onnx', ...shards],
      ],
      [
        'shards',
        sharded,
        ['onnx/model.onnx', 'model.onnx', '../model-00001-of-00002.safetensors', 'flax_model.msgpack'],
      ],
      [
        'an ONNX file with its data',
        onnx,
        ['model.onnx', 'onnx/model_int8.onnx', '../onnx/model.onnx', 'openvino/x.bin'],
      ],
      ["an ONNX file in the model's own folder", { ...settings, ...bodies(['model.onnx']) }, ['pytorch_model.bin']],
      ["the tokenizer's settings", { ...FILES, ...bodies(['tokenizer_config.json']) }, ['special_tokens_map.json']],
    ];
    for (const [name, files, others] of kinds) {
      test(`fetched, and nothing else: ${name}`, async () => {
        const server = await startHub(files, others);
        const request = requestTo(server.endpoint);
        const { dir, fingerprint } = await resolveModel(request);
        assert.deepEqual(filesIn(dir), Object.keys(files).toSorted());
        assert.equal((await resolveModel(request)).source, 'cache');
        writeFileSync(join(dir, Object.keys(files).at(-1) as string), 'altered');
        const again = await resolveModel(request);
        assert.deepEqual([again.source, again.fingerprint], ['hub', fingerprint]);
      });
    }

    test('a shard is missing: no model, and the reason', async () => {
      const lacking = Object.fromEntries(Object.entries(sharded).filter(([path]) => path !== shards[0]));
      const server = await startHub(lacking);
      await assert.rejects(resolveModel(requestTo(server.endpoint)), {
        message: /hub .*: has no model-00001-of-00002\.safetensors\n/,
      });
    });

    test('a snapshot of the Hugging Face cache with an ONNX file, and a folder made of links', async () => {
      const home = newFolder();
      const snapshot = join(home, 'hub', 'models--org--other', 'snapshots', commit);
      for (const [path, body] of Object.entries(onnx)) {
        const blob = join(home, 'blobs', path);
        for (const file of [blob, join(snapshot, path)]) mkdirSync(dirname(file), { recursive: true });
        writeFileSync(blob, body);
        symlinkSync(blob, join(snapshot, path));
      }
      const { request } = setting('http://127.0.0.1:1', { HF_HOME: home });
      const shared = await resolveModel({ ...request, model: `org/other@${commit}` });
      const gathered = await resolveModel({ ...request, modelDir: snapshot });
      assert.deepEqual([shared.source, gathered.source], ['Hugging Face cache', 'MODEL_DIR']);
      for (const { dir } of [shared, gathered]) assert.deepEqual(filesIn(dir), Object.keys(onnx).toSorted());
      assert.equal(shared.fingerprint, gathered.fingerprint);
    });
  });
});
