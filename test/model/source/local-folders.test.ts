/** Models that are on the machine already: a Hugging Face cache, and the user's own folder. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { describe, test } from 'vitest';
import { DEFAULT_MODEL } from '../../../src/model/source/default-model.ts';
import { resolveModel } from '../../../src/model/source/resolve-model.ts';
import { testModelDir } from '../../support/models/model.ts';
import { startModelServer } from '../../support/models/model-server.ts';
import {
  assertWhole,
  FILES,
  modelFolder,
  newFolder,
  PINNED,
  setting,
  WEIGHTS,
} from '../../support/models/small-model.ts';
import { testPipeline } from '../../support/pipeline.ts';

describe('a Hugging Face cache', () => {
  function fill(hub: string, name: string, revision: string): void {
    const folder = join(hub, `models--${name.replace('/', '--')}`);
    for (const [path, body] of Object.entries(FILES)) {
      const blob = join(folder, 'blobs', path.replaceAll('/', '_'));
      const snapshot = join(folder, 'snapshots', revision, path);
      for (const file of [blob, snapshot]) mkdirSync(dirname(file), { recursive: true });
      writeFileSync(blob, body);
      symlinkSync(blob, snapshot);
    }
    mkdirSync(join(folder, 'refs'), { recursive: true });
    writeFileSync(join(folder, 'refs', 'main'), revision);
  }

  test('its files are used, as files and not as links', async () => {
    const home = newFolder();
    fill(join(home, 'hub'), 'org/small', PINNED.revision);
    const { request } = setting('http://127.0.0.1:1', { HF_HOME: home });
    const found = await resolveModel(request);
    assert.equal(found.source, 'Hugging Face cache');
    assertWhole(found.dir);
    assert.ok(statSync(join(found.dir, 'model.safetensors')).isFile());
    const blob = statSync(join(home, 'hub', 'models--org--small', 'blobs', 'model.safetensors'));
    assert.notEqual(
      statSync(join(found.dir, 'model.safetensors')).ino,
      blob.ino,
      'a copy: nothing here reaches into it',
    );
    assert.equal((await resolveModel(request)).source, 'cache');
  });

  test('HF_HUB_CACHE goes before HF_HOME; a branch stands for its commit', async () => {
    const hub = newFolder();
    fill(hub, 'org/other', 'c'.repeat(40));
    const found = await resolveModel({
      ...setting('http://127.0.0.1:1', { HF_HUB_CACHE: hub }).request,
      model: 'org/other',
    });
    assert.ok(found.dir.endsWith('c'.repeat(40)));
    assertWhole(found.dir);
  });

  test('a snapshot without weights is passed over with a line', async () => {
    const hub = newFolder();
    fill(hub, 'org/other', 'c'.repeat(40));
    rmSync(join(hub, 'models--org--other', 'snapshots', 'c'.repeat(40), 'model.safetensors'));
    const { request, lines } = setting('http://127.0.0.1:1', { HF_HUB_CACHE: hub });
    await assert.rejects(resolveModel({ ...request, model: 'org/other' }), {
      code: 'model_unavailable',
      message: /Hugging Face cache .*: has no model\.safetensors\n/,
    });
    assert.equal(lines.filter((line) => line.startsWith('Not using ')).length, 1);
  });

  test("a blob that isn't what its name says is passed over", async () => {
    const hub = newFolder();
    fill(hub, 'org/other', 'c'.repeat(40));
    const folder = join(hub, 'models--org--other');
    const link = join(folder, 'snapshots', 'c'.repeat(40), 'model.safetensors');
    const blob = join(folder, 'blobs', 'f'.repeat(64));
    renameSync(join(folder, 'blobs', 'model.safetensors'), blob);
    rmSync(link);
    symlinkSync(blob, link);
    const request = { ...setting('http://127.0.0.1:1', { HF_HUB_CACHE: hub }).request, model: 'org/other' };
    await assert.rejects(resolveModel(request), { message: /model\.safetensors has the SHA-256 .* instead of f{64}/ });
    assert.ok(readFileSync(blob).equals(WEIGHTS));
  });

  test('a partial download that is a hard link to one of its files is never written to', async () => {
    const cache = newFolder();
    const blob = join(newFolder(), 'blob');
    writeFileSync(blob, WEIGHTS.subarray(0, 1000));
    mkdirSync(modelFolder(cache), { recursive: true });
    linkSync(blob, join(modelFolder(cache), 'model.safetensors.partial-left-abc'));
    const server = await startModelServer(FILES);
    assertWhole((await resolveModel(setting(server.endpoint, {}, cache).request)).dir);
    assert.equal(statSync(blob).size, 1000);
  });

  test('altered weights there are passed over', async () => {
    const home = newFolder();
    fill(join(home, 'hub'), 'org/small', PINNED.revision);
    writeFileSync(join(home, 'hub', 'models--org--small', 'blobs', 'model.safetensors'), Buffer.alloc(WEIGHTS.length));
    const server = await startModelServer(FILES);
    const { request, lines } = setting(server.endpoint, { HF_HOME: home });
    const found = await resolveModel(request);
    assert.equal(found.source, 'hub');
    assert.equal(lines.length, 1);
    assert.match(lines[0] as string, /^Not using .*snapshots.*: model\.safetensors has the SHA-256/);
    assertWhole(found.dir);
    assert.ok(
      readFileSync(join(home, 'hub', 'models--org--small', 'blobs', 'model.safetensors')).equals(
        Buffer.alloc(WEIGHTS.length),
      ),
    );
  });
});

describe('MODEL_DIR', () => {
  test("is the user's: used as it is, not checked, not written to", async () => {
    const dir = newFolder();
    for (const [path, body] of Object.entries({ ...FILES, 'model.safetensors': Buffer.from('other weights') })) {
      mkdirSync(dirname(join(dir, path)), { recursive: true });
      writeFileSync(join(dir, path), body);
    }
    const names = readdirSync(dir, { recursive: true }).toSorted();
    const found = await resolveModel({ ...setting('http://127.0.0.1:1').request, modelDir: dir });
    assert.deepEqual([found.source, found.dir], ['MODEL_DIR', dir]);
    assert.deepEqual(readdirSync(dir, { recursive: true }).toSorted(), names);
  });

  test('made of links, such as a snapshot: the files themselves are gathered, and a change is seen', async () => {
    const [dir, blobs] = [newFolder(), newFolder()];
    for (const [path, body] of Object.entries(FILES)) {
      mkdirSync(dirname(join(dir, path)), { recursive: true });
      writeFileSync(join(blobs, path.replaceAll('/', '_')), body);
      symlinkSync(join(blobs, path.replaceAll('/', '_')), join(dir, path));
    }
    const { request } = setting('http://127.0.0.1:1');
    const found = await resolveModel({ ...request, modelDir: dir });
    assertWhole(found.dir);
    assert.ok(!lstatSync(join(found.dir, 'model.safetensors')).isSymbolicLink());
    assert.equal((await resolveModel({ ...request, modelDir: dir })).dir, found.dir);
    rmSync(join(blobs, 'model.safetensors'));
    writeFileSync(join(blobs, 'model.safetensors'), 'new weights');
    const changed = await resolveModel({ ...request, modelDir: dir });
    assert.equal(readFileSync(join(changed.dir, 'model.safetensors'), 'utf8'), 'new weights');
    assert.notEqual(changed.fingerprint, found.fingerprint);
  });

  test('the real model behind links encodes', async () => {
    const dir = newFolder();
    for (const name of readdirSync(await testModelDir()))
      symlinkSync(join(await testModelDir(), name), join(dir, name));
    const found = await resolveModel({ ...setting('http://127.0.0.1:1').request, modelDir: dir });
    assert.equal((await testPipeline({ modelDir: found.dir })).dimensions, 384);
  });

  test('is refused with a sentence where it does not exist', async () => {
    const request = { ...setting('http://127.0.0.1:1').request, modelDir: join(newFolder(), 'none') };
    await assert.rejects(resolveModel(request), { code: 'model_unavailable', message: /^MODEL_DIR=.*none cannot be/ });
  });

  test('the fingerprint follows the files, not the place', async () => {
    const server = await startModelServer(FILES);
    const { request } = setting(server.endpoint);
    const fetched = await resolveModel(request);
    const own = await resolveModel({ ...request, modelDir: fetched.dir });
    assert.equal(own.fingerprint, fetched.fingerprint);
    writeFileSync(join(fetched.dir, 'tokenizer.json'), '{"model": {"type": "other"}}');
    assert.notEqual((await resolveModel({ ...request, modelDir: fetched.dir })).fingerprint, fetched.fingerprint);
  });

  test("the default model's fingerprint stays, whatever else its folder holds: stores are bound to it", async () => {
    const dir = newFolder();
    for (const { path } of DEFAULT_MODEL.files) {
      mkdirSync(dirname(join(dir, path)), { recursive: true });
      symlinkSync(join(await testModelDir(), path), join(dir, path));
    }
    mkdirSync(join(dir, 'onnx'));
    for (const other of ['onnx/model.onnx', 'tokenizer_config.json', 'vocab.txt'])
      writeFileSync(join(dir, other), '{}');
    const { fingerprint } = await resolveModel({ ...setting('http://127.0.0.1:1').request, modelDir: dir });
    assert.equal(fingerprint, 'bba5dc25124bde8b7839d6fba1df7ad9f8fddad9f111525b062a8a041943281b');
  });
});

describe('HF_HUB_OFFLINE', () => {
  test.each(['1', 'true', 'YES'])('%s: no connection is opened', async (value) => {
    let connections = 0;
    const server = createServer(() => (connections += 1)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const { request } = setting(`http://127.0.0.1:${port}`, { HF_HUB_OFFLINE: value });
    await assert.rejects(resolveModel(request), ({ code, message }) => {
      assert.equal(code, 'model_unavailable');
      assert.equal(message.match(/HF_HUB_OFFLINE forbids it/g)?.length, 2, message);
      return true;
    });
    assert.equal(connections, 0);
    server.close();
  });

  test('0 forbids nothing', async () => {
    const { request } = setting('http://127.0.0.1:1', { HF_HUB_OFFLINE: '0' });
    await assert.rejects(resolveModel(request), ({ message }) => !/forbids/.test(message));
  });

  test('HUGGINGFACE_HUB_CACHE, the older name of HF_HUB_CACHE, counts too', async () => {
    const hub = newFolder();
    const { request } = setting('http://127.0.0.1:1', { HUGGINGFACE_HUB_CACHE: hub, HF_HUB_OFFLINE: '1' });
    await assert.rejects(resolveModel(request), ({ message }) => message.includes(join(hub, 'models--org--small')));
  });
});
