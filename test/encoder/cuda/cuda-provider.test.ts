/**
 * ONNX Runtime's CUDA provider with the libraries that `npm run setup:cuda` fetches; skipped if they are missing. Without a
 * GPU it shows how far they load. With a GPU it encodes, which has never been tried.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, onTestFinished, type TestContext, test } from 'vitest';
import { CUDA_FOLDER, CUDA_PACKAGES, providerPackage } from '../../../src/encoder/cuda/cuda-packages.ts';
import { testModelDir } from '../../support/models/model.ts';
import { encodeTexts, testPipeline } from '../../support/pipeline.ts';

const COSINE_MIN = 0.999; // a GPU may multiply in TF32
const CUDA_LIBRARIES = CUDA_PACKAGES.flatMap(({ libraries }) => libraries);
const PROVIDER_LIBRARIES = providerPackage().libraries;

const missing = [...CUDA_LIBRARIES, ...PROVIDER_LIBRARIES].find((library) => !existsSync(join(CUDA_FOLDER, library)));
const lack = missing === undefined ? '' : `build/cuda lacks ${missing}: \`npm run setup:cuda\` fetches it`;
const hasGpu = existsSync('/dev/nvidiactl') || existsSync('/dev/dxg');

interface Attempt {
  readonly code: string;
  readonly message: string;
  /** Libraries of build/cuda that the process has mapped. */
  readonly open: readonly string[];
}

/** Starts ONNX Runtime on CUDA in a process of its own. @returns the error and the libraries that are open */
function attempt(modelDir: string, environment: NodeJS.ProcessEnv): Attempt {
  const thread = new URL('../../../src/encoder/onnx/onnx-thread.ts', import.meta.url).href;
  const model = new URL('../../../src/model/model.ts', import.meta.url).href;
  const options = { device: 'cuda', deviceId: 0, precision: 'auto', threads: 1 };
  const script = `
    import { readFileSync } from 'node:fs';
    import { OnnxThread } from ${JSON.stringify(thread)};
    import { readModel } from ${JSON.stringify(model)};
    const options = { ...${JSON.stringify(options)}, model: await readModel(${JSON.stringify(modelDir)}) };
    const error = await OnnxThread.start(options, () => {}).catch((error) => error);
    const maps = readFileSync('/proc/self/maps', 'utf8').split('\\n').map((line) => line.split(' ').at(-1));
    const open = [...new Set(maps)].filter((path) => path.startsWith(${JSON.stringify(`${CUDA_FOLDER}/`)}));
    console.log(JSON.stringify({ code: error.code, message: error.message, open }));
    process.exit();`;
  const { stdout, stderr } = spawnSync(process.execPath, ['-e', script], {
    env: environment,
    encoding: 'utf8',
    timeout: 240_000,
  });
  assert.notEqual(stdout, '', stderr);
  const { open, ...said } = JSON.parse(stdout) as Attempt;
  return { ...said, open: open.map((path) => path.slice(CUDA_FOLDER.length + 1)) };
}

const { LD_LIBRARY_PATH: _, ...environment } = process.env;

/** Skips a test for the first reason that holds. */
const skipFor = ({ skip }: TestContext, ...reasons: string[]) => {
  const reason = reasons.find((each) => each !== '');
  skip(reason !== undefined, reason);
};

describe('without a GPU', () => {
  beforeEach((context) => skipFor(context, lack, hasGpu ? 'this machine has a GPU' : ''));

  test('no driver: all CUDA libraries are open, and the driver is named as what is missing', async () => {
    const { code, message, open } = attempt(await testModelDir(), environment);
    assert.equal(code, 'invalid_setting');
    assert.match(
      message,
      /^DEVICE=cuda, but CUDA cannot be used here: (the NVIDIA driver is not installed \(libcuda\.so\.1: .*\)$|.*no CUDA-capable device)/,
    );
    for (const library of CUDA_LIBRARIES) assert.ok(open.includes(library), `${library} is open`);
  });

  test('a driver without a device: the provider loads too, and only the device is missing', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'cosimo-driver-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const source = fileURLToPath(new URL('../../fixtures/driver-without-device.c', import.meta.url));
    const driver = join(folder, 'libcuda.so.1');
    execFileSync('cc', ['-shared', '-fPIC', '-Wl,-soname,libcuda.so.1', '-o', driver, source]);
    const { code, message, open } = attempt(await testModelDir(), { ...environment, LD_LIBRARY_PATH: folder });
    assert.equal(code, 'invalid_setting');
    assert.match(message, /^DEVICE=cuda, but CUDA cannot be used here: .*no CUDA-capable device is detected/);
    for (const library of [...CUDA_LIBRARIES, ...PROVIDER_LIBRARIES]) {
      assert.ok(open.includes(library), `${library} is open`);
    }
  });
});

// Never run: no machine of this project has had a GPU.
describe('on a GPU', () => {
  beforeEach((context) => skipFor(context, lack, hasGpu ? '' : 'this machine has no GPU'));

  test('vectors agree with sentence-transformers', async () => {
    const { texts } = JSON.parse(readFileSync(new URL('../../fixtures/embeddings.json', import.meta.url), 'utf8')) as {
      texts: { name: string; text: string; vector: string }[];
    };
    const pipeline = await testPipeline({ encoder: 'onnx', device: 'cuda', precision: 'auto' });
    assert.match(pipeline.description, /, cuda, fp16$/);
    const vectors = await encodeTexts(
      pipeline,
      texts.map(({ text }) => text),
    );
    texts.forEach(({ name, vector }, at) => {
      const bytes = Buffer.from(vector, 'base64');
      const cosine = (vectors[at] as Float32Array).reduce((sum, x, i) => sum + x * bytes.readFloatLE(i * 4), 0);
      assert.ok(cosine >= COSINE_MIN, `${name}: cosine ${cosine}`);
    });
  });
});
