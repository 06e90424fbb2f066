/** Names and folders: what a model may be called, where the cache lies, and what is shown while a model comes. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { describe, test } from 'vitest';
import { parseModelName } from '../../src/model/model-name.ts';
import { cacheRoot, modelFolder } from '../../src/model/source/cache-folder.ts';
import { isModelFile, modelFilesAmong } from '../../src/model/source/model-files.ts';
import { terminalProgress } from '../../src/model/source/transfer/progress.ts';
import { testModelDir } from '../support/model.ts';

describe('a name', () => {
  test('with and without a revision', () => {
    assert.deepEqual(parseModelName('org/name'), { name: 'org/name', revision: undefined });
    assert.deepEqual(parseModelName('o.r-g/n_1@refs/pr/1'), { name: 'o.r-g/n_1', revision: 'refs/pr/1' });
  });

  const refused = [
    '',
    'name',
    'a/b/c',
    '/b',
    'a/',
    '../b',
    'a/..',
    'a/../../../b',
    'a/b@',
    'a/b@../c',
    'a/b@c/../d',
    'a/b@c@d',
    'a--b/c',
    'a/b?x',
    'a/b%2f',
    'a\\b/c',
    'a/b@/x',
    ' a/b',
  ];
  for (const name of refused) {
    test(`${JSON.stringify(name)} is refused`, () => {
      assert.throws(() => parseModelName(name), {
        code: 'model_unavailable',
        message: /must be org\/name or org\/name@/,
      });
    });
  }

  test('of a file: only what decides over vectors, and nothing outside the folder', () => {
    const deciding = [
      'model.safetensors',
      '1_Pooling/config.json',
      '2_Normalize/config.json',
      'sentence_roberta_config.json',
      'model.safetensors.index.json',
      'model-00001-of-00002.safetensors',
      'tokenizer_config.json',
      'model.onnx',
      'model.onnx_data',
      'onnx/model.onnx',
      'onnx/model.onnx_data',
    ];
    for (const path of deciding) assert.ok(isModelFile(path), path);
    const others = [
      '../config.json',
      '/config.json',
      'x/config.json',
      '1_x/../config.json',
      '1_a/b/config.json',
      '../model-00001-of-00002.safetensors',
      'x/model-00001-of-00002.safetensors',
      'model-1-of-2.safetensors',
      'onnx/../model.onnx',
      '../onnx/model.onnx',
      'onnx/model_quantized.onnx',
      'openvino/model.onnx',
      ...[
        'model-00001-of-00002.safetensors/../../x',
        'model-00001-of-00002.safetensors\n',
        'adapter_model.safetensors',
      ],
    ];
    for (const path of others) assert.ok(!isModelFile(path), path);
    assert.deepEqual(modelFilesAmong([...others, ...deciding]), [
      'model.safetensors',
      '1_Pooling/config.json',
      '2_Normalize/config.json',
      'sentence_roberta_config.json',
      'tokenizer_config.json',
    ]);
  });
});

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

describe('progress', () => {
  const shown = (isTTY: boolean) => {
    const stream = Object.assign(new PassThrough(), { isTTY, columns: 80 });
    const progress = terminalProgress(stream as unknown as NodeJS.WriteStream);
    progress.start('org/small', 50_000_000);
    for (let count = 0; count < 100; count += 1) progress.advance(500_000);
    progress.stop();
    return String(stream.read());
  };

  test('a line at each tenth where there is no terminal', () => {
    const tenths = Array.from({ length: 10 }, (_, at) => `org/small: ${(at + 1) * 10}%`);
    assert.deepEqual(shown(false).trim().split('\n'), ['org/small: 50.0 MB', ...tenths]);
  });

  test('a file begun anew is not counted twice', () => {
    const stream = new PassThrough();
    const progress = terminalProgress(stream as unknown as NodeJS.WriteStream);
    progress.start('m', 100);
    for (const bytes of [60, -60, 60, 40]) progress.advance(bytes);
    assert.equal(String(stream.read()), 'm: 0.0 MB\nm: 60%\nm: 100%\n');
  });

  test('amounts that are no bytes are shown as their unit says', () => {
    for (const isTTY of [false, true]) {
      const stream = Object.assign(new PassThrough(), { isTTY, columns: 80 });
      const unit = { name: 'documents', show: String };
      const progress = terminalProgress(stream as unknown as NodeJS.WriteStream, unit);
      progress.start('Encoding', 3000);
      progress.stop();
      assert.match(String(stream.read()), isTTY ? /0\/3000 documents/ : /^Encoding: 3000 documents$/m);
    }
  });

  test('a bar on a terminal', () => {
    assert.match(shown(true), /org\/small \[.*\] 100% 50\.0\/50\.0 MB/);
  });
});

describe('fetch-cli', () => {
  const fetchCli = (more: NodeJS.ProcessEnv) => {
    const script = fileURLToPath(new URL('../../src/cli/fetch-model.ts', import.meta.url));
    return spawnSync(process.execPath, [script], { env: { ...process.env, ...more }, encoding: 'utf8' });
  };

  test('says where the model is', async () => {
    const dir = await testModelDir();
    const { status, stdout } = fetchCli({ MODEL_DIR: dir });
    assert.equal(status, 0);
    assert.equal(stdout, `cosimo: model ${dir} in ${dir} (MODEL_DIR)\n`);
  });

  test('fails with a sentence and no stack', () => {
    const { status, stderr } = fetchCli({ MODEL_DIR: '', MODEL: '../x' });
    assert.equal(status, 1);
    assert.equal(stderr, 'cosimo: "../x" is no model\'s name: it must be org/name or org/name@revision.\n');
  });
});
