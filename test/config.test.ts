/** Settings: defaults, bounds, and a sentence for each bad value. */
import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { test } from 'vitest';
import { httpThreads, loadConfig, settingsHelp, uploadBytesOfThread } from '../src/config.ts';
import { pipelineOptions } from '../src/encoder/pipeline-options.ts';
import type { Model } from '../src/model/model.ts';

test('UPLOAD_BYTES: four times MAX_BODY_BYTES by default, shared by HTTP threads, but two bodies for each', () => {
  const of = (settings: Record<string, string>) =>
    uploadBytesOfThread(loadConfig({ MAX_BODY_BYTES: '1000', ...settings }));
  assert.equal(of({}), 4000);
  assert.equal(of({ UPLOAD_BYTES: '9000' }), 9000);
  assert.equal(of({ UPLOAD_BYTES: '9000', HTTP_THREADS: '3' }), 3000);
  assert.equal(of({ UPLOAD_BYTES: '9000', HTTP_THREADS: '8' }), 2000);
  assert.throws(() => of({ UPLOAD_BYTES: '1999' }), /UPLOAD_BYTES=1999 is less than twice MAX_BODY_BYTES=1000/);
});

test('defaults are those of the contract', () => {
  const config = loadConfig({});
  const expected = {
    HOST: '127.0.0.1',
    PORT: 8000,
    MODEL: 'sentence-transformers/all-MiniLM-L6-v2',
    MODEL_DIR: undefined,
    DEVICE: 'auto',
    CUDA_DEVICE: 0,
    ENCODER: 'auto',
    PRECISION: 'auto',
    ENCODER_WORKERS: 0,
    ENCODER_THREADS: 0,
    BATCH_TOKENS: 0,
    SEARCH_CODES: 'auto',
    DATA_DIR: './data',
    MAX_BATCH_SIZE: 100,
    MAX_DOCUMENTS: 0,
    MAX_INDEX_BYTES: 0,
    MAX_TOP_K: 10_000,
    MAX_BODY_BYTES: 32 << 20,
    MAX_TEXT_BYTES: 8 << 20,
    MAX_METADATA_BYTES: 1 << 20,
    API_KEY: undefined,
    RATE_LIMIT: 0,
    REQUEST_TIMEOUT_MS: 60_000,
  };
  for (const [name, value] of Object.entries(expected)) assert.equal(config[name as keyof typeof config], value, name);
  assert.ok(Object.isFrozen(config));
});

test('HTTP_THREADS is 1, a number up to 63, or one for each core; CACHE_TTL_MS is 0', () => {
  const threads = (HTTP_THREADS: string) => httpThreads(loadConfig({ HTTP_THREADS }));
  assert.equal(httpThreads(loadConfig({})), 1);
  assert.deepEqual([threads('2'), threads('63')], [2, 63]);
  assert.equal(threads('auto'), Math.min(availableParallelism(), 63));
  for (const bad of ['0', '64', '-1', '1.5', 'all']) assert.throws(() => threads(bad), /^CosimoError: HTTP_THREADS=/);
  assert.equal(loadConfig({}).CACHE_TTL_MS, 0);
});

test('an empty value counts as absent; other variables are left alone', () => {
  const config = loadConfig({ PORT: '', API_KEY: '', HOME: 'elsewhere', port: '1' });
  assert.equal(config.PORT, 8000);
  assert.equal(config.API_KEY, undefined);
  assert.equal('HOME' in config, false);
});

test('the settings of the encoder reach the pipeline', () => {
  const model = {} as Model;
  const settings = { ENCODER: 'native', DEVICE: 'cpu', PRECISION: 'int8', ENCODER_WORKERS: '3', ENCODER_THREADS: '4' };
  assert.deepEqual(pipelineOptions(loadConfig({ ...settings, CUDA_DEVICE: '1', BATCH_TOKENS: '99' }), model), {
    model,
    encoder: 'native',
    device: 'cpu',
    deviceId: 1,
    precision: 'int8',
    workers: 3,
    threads: 4,
    batchTokens: 99,
    tokensMax: 262_144,
    bytesMax: 256 << 20,
  });
});

test('a bad value stops the start with a sentence naming it', () => {
  const bad: [Record<string, string>, RegExp][] = [
    [{ PORT: 'http' }, /^PORT=http: must be integer/],
    [{ PORT: '65536' }, /^PORT=65536: must be <= 65535/],
    [{ PORT: '-1' }, /^PORT=-1: must be >= 0/],
    [{ DEVICE: 'tpu' }, /^DEVICE=tpu: .*auto, cpu, cuda/],
    [{ PRECISION: 'int4' }, /^PRECISION=int4: .*auto, fp32, fp16, bf16, int8/],
    [{ ENCODER: 'torch' }, /^ENCODER=torch: .*auto, native, onnx/],
    [{ MODEL: 'all-MiniLM' }, /^MODEL=all-MiniLM: .*org\/name/],
    [{ MAX_BATCH_SIZE: '0' }, /^MAX_BATCH_SIZE=0: must be >= 1/],
    [{ MAX_BODY_BYTES: '1.5' }, /^MAX_BODY_BYTES=1.5: must be integer/],
    [{ CACHE_BYTES: '-1' }, /^CACHE_BYTES=-1/],
    [{ SEARCH_CODES: 'nibbles' }, /^SEARCH_CODES=nibbles: .*auto, planes, bytes, plain, rotated/],
    [{ MAX_DOCUMENTS: '-1' }, /^MAX_DOCUMENTS=-1: must be >= 0/],
    [{ MAX_INDEX_BYTES: '1e9x' }, /^MAX_INDEX_BYTES=1e9x: must be integer/],
    [{ LOG_LEVEL: 'loud' }, /^LOG_LEVEL=loud/],
    [{ QUEUE_TOKENS: '0' }, /^QUEUE_TOKENS=0: must be >= 1/],
    [{ ENCODER_WORKERS: '-1' }, /^ENCODER_WORKERS=-1: must be >= 0/],
    [{ CUDA_DEVICE: 'first' }, /^CUDA_DEVICE=first: must be integer/],
    [{ QUEUE_BYTES: '1000' }, /^QUEUE_BYTES=1000 is less than MAX_BODY_BYTES=/],
  ];
  for (const [environment, message] of bad)
    assert.throws(() => loadConfig(environment), { code: 'invalid_setting', message });
});

test('--help names every setting', () => {
  const help = settingsHelp();
  for (const name of Object.keys(loadConfig({ API_KEY: 'k', MODEL_DIR: 'd' })))
    assert.match(help, new RegExp(`^  ${name} +\\S`, 'm'));
});

test('blanks around a value do not count, an IPv6 address may stand in brackets', () => {
  assert.deepEqual([loadConfig({ HOST: ' ::1 ' }).HOST, loadConfig({ HOST: '[::1]' }).HOST], ['::1', '::1']);
  assert.equal(loadConfig({ PORT: '81 ' }).PORT, 81);
});

test('what is no host or no proxy is a sentence that names the setting', () => {
  for (const HOST of ['http://localhost', 'a b', '[localhost]'])
    assert.throws(() => loadConfig({ HOST }), { code: 'invalid_setting', message: /^HOST=.* is neither/ });
  for (const TRUST_PROXY of ['proxy', '10.0.0.0/33', '1.2.3.4/8/8', '::1/129'])
    assert.throws(() => loadConfig({ TRUST_PROXY }), { code: 'invalid_setting', message: /^TRUST_PROXY: / });
});
