/** Which encoder a process starts with the kernels that COSIMO_KERNEL allows, and what it logs about it. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { type TestContext, test } from 'vitest';
import { native } from '../../src/native/binding.ts';
import { metric } from '../support/metrics.ts';
import { testModelDir } from '../support/models/model.ts';
import { onnxModel } from '../support/models/onnx-model.ts';
import { send, startService } from '../support/service.ts';

const PIPELINE = new URL('../../src/encoder/encoding-pipeline.ts', import.meta.url).href;
const MODEL = new URL('../../src/model/model.ts', import.meta.url).href;

/** Starts a pipeline in a process with this COSIMO_KERNEL. @returns which encoder serves */
function start(modelDir: string, kernelName: string, options: object = {}) {
  const script = `
    import { startPipeline } from ${JSON.stringify(PIPELINE)};
    import { readModel } from ${JSON.stringify(MODEL)};
    const lines = [];
    const options = ${JSON.stringify({
      encoder: 'auto',
      device: 'cpu',
      deviceId: 0,
      precision: 'auto',
      workers: 1,
      threads: 1,
      batchTokens: 0,
      tokensMax: 1000,
      bytesMax: 10000,
      ...options,
    })};
    try {
      const model = await readModel(${JSON.stringify(modelDir)});
      const { description, precision, encoderMemoryBytes, queue, close } = await startPipeline({ ...options, model }, { log: (line) => lines.push(line) });
      const { vector } = await queue.enqueue(['river'])[0];
      console.log(JSON.stringify({ description, precision, lines, bytes: encoderMemoryBytes(), dimensions: vector.length }));
      await close();
    } catch ({ code, message }) {
      console.log(JSON.stringify({ code, message }));
    }`;
  const env = { ...process.env, COSIMO_KERNEL: kernelName };
  const { stdout, stderr } = spawnSync(process.execPath, ['-e', script], {
    env,
    encoding: 'utf8',
    timeout: 60_000,
  });
  assert.notEqual(stdout, '', stderr);
  return JSON.parse(stdout);
}
const skipWithoutAvx2 = ({ skip }: TestContext) =>
  skip(!native.availableKernels.includes('avx2'), 'this machine has no AVX2');

test('AVX2 is enough: the log says which kernel, in what, and by which settings', async (context) => {
  skipWithoutAvx2(context);
  const { description, lines, precision, bytes, dimensions } = start(await testModelDir(), 'avx2');
  assert.match(description, /^native encoder \(avx2.*\), cpu, fp32$/);
  assert.match(
    lines.at(-1),
    /^Encoding natively in fp32 with the kernel avx2\S* \(ENCODER=auto, DEVICE=cpu, PRECISION=auto\): 1 thread, 1 batch under way, [\d.]+ tokens a millisecond$/,
  );
  assert.deepEqual([lines.length, precision, dimensions], [1, 'fp32', 384]);
  assert.ok(bytes > 80e6, `${bytes} bytes`);
});

test('DEVICE=auto without CUDA: native, and the line says why', async (context) => {
  skipWithoutAvx2(context);
  const { description, lines } = start(await testModelDir(), 'avx2', { device: 'auto' });
  context.skip(/cuda/.test(description), 'this machine has a GPU');
  assert.match(lines.at(-1), /DEVICE=auto, PRECISION=auto; CUDA is not available: .+\): 1 thread/);
  assert.match(description, /^native encoder/);
});

test('scalar kernels are left to ONNX Runtime, with one line', async () => {
  const { description, lines, bytes } = start(await testModelDir(), 'scalar');
  assert.match(description, /^ONNX Runtime [\d.]+, cpu, fp32$/);
  assert.equal(
    lines[0],
    'ONNX Runtime encodes: the native encoder has only its scalar kernel here, which is slow; ENCODER=native takes it',
  );
  assert.equal(lines.filter((line: string) => /native/.test(line)).length, 1);
  assert.equal(bytes, 0);
});

test('scalar kernels serve where they are asked for', async () => {
  const { description, dimensions } = start(await testModelDir(), 'scalar', { encoder: 'native' });
  assert.match(description, /^native encoder \(scalar.*\), cpu, fp32$/);
  assert.equal(dimensions, 384);
});

test('a precision that no kernel has is refused with a sentence', async () => {
  const { code, message } = start(await testModelDir(), 'scalar', { precision: 'bf16' });
  assert.equal(code, 'invalid_setting');
  assert.match(
    message,
    /^PRECISION=bf16, but no encoder kernel here computes in bf16; with the search kernel scalar there are fp32 \(/,
  );
});

test('an ONNX file is left to ONNX Runtime, and refused where the native encoder is insisted on', () => {
  const dir = onnxModel();
  const { description, lines } = start(dir, '');
  assert.match(description, /^ONNX Runtime/);
  assert.match(
    lines[0],
    /^ONNX Runtime encodes: the native encoder does not take this model: it is an ONNX file, onnx\/model\.onnx$/,
  );
  const { code, message } = start(dir, '', { encoder: 'native' });
  assert.equal(code, 'invalid_setting');
  assert.match(message, /^ENCODER=native, but the native encoder does not take this model: it is an ONNX file/);
});

test('the service has the encoder that ENCODER names, and its memory in /metrics', async () => {
  for (const [ENCODER, description] of Object.entries({ native: /^native encoder \(/, onnx: /^ONNX Runtime / })) {
    const service = await startService({ ENCODER });
    assert.match((await send(service, 'GET', '/stats')).json.encoder, description);
    assert.equal((await send(service, 'POST', '/embed', { texts: ['a text'] })).json.dimensions, 384);
    const metrics = (await send(service, 'GET', '/metrics')).text;
    const bytes = metric(metrics, 'cosimo_encoder_memory_bytes');
    assert.ok(ENCODER === 'native' ? bytes > 80e6 && bytes < 200e6 : bytes === 0, `${bytes} bytes`);
    if (ENCODER === 'native') assert.match(metrics, /^cosimo_tokens_total\{kind="padding"\} 0$/m);
  }
});
