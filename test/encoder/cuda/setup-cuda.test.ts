/** `npm run setup:cuda`: what it fetches, what it keeps, and what it refuses; a test decides what pip does. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { lstatSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, test } from 'vitest';
import { CUDA_PACKAGES, providerPackage } from '../../../src/encoder/cuda/cuda-packages.ts';
import { fetchCuda, PackageUnavailable } from '../../../src/encoder/cuda/fetch-cuda.ts';
import { pathWith, pathWithWheel, temporaryFolder } from '../../support/models/python-wheels.ts';

const provider = providerPackage();
const PACKAGES = [...CUDA_PACKAGES, provider];
/** One wheel for all packages, with a few bytes for each library. */
const FILES = Object.fromEntries([
  ['onnxruntime/capi/libonnxruntime_providers_tensorrt.so', Buffer.from('not wanted')] as const,
  ...PACKAGES.flatMap(({ folder, libraries }) =>
    libraries.map((library) => [folder + library, Buffer.from(`${library}, whole`)] as const),
  ),
]);

function fetchOptions(PATH: string) {
  const lines: string[] = [];
  return {
    lines,
    folder: join(temporaryFolder(), 'cuda'),
    providerFolder: join(temporaryFolder(), 'beside'),
    environment: { PATH },
    log: (line: string) => lines.push(line),
  };
}

const callsOf = (PATH: string) => readFileSync(join(PATH, 'calls'), 'utf8').trim().split('\n');

function assertWhole({ folder, providerFolder }: ReturnType<typeof fetchOptions>): void {
  for (const { libraries } of PACKAGES) {
    for (const library of libraries) assert.equal(readFileSync(join(folder, library), 'utf8'), `${library}, whole`);
  }
  for (const library of provider.libraries) {
    assert.equal(realpathSync(join(providerFolder, library)), realpathSync(join(folder, library)));
  }
}

describe('what it fetches', () => {
  test('each package once, at one version, for Linux on x86-64; a second run asks for nothing', async () => {
    const PATH = pathWithWheel(FILES);
    const wanted = fetchOptions(PATH);
    assert.equal(await fetchCuda(wanted), true);
    assertWhole(wanted);
    const calls = callsOf(PATH);
    assert.equal(calls.length, PACKAGES.length);
    for (const call of calls) {
      assert.match(
        call,
        /run_module\("pip", .*\) download .*--only-binary=:all: --no-deps --platform=manylinux\w+_x86_64 .*[a-z-]+==[\d.]+$/,
      );
    }
    const { version } = JSON.parse(readFileSync('node_modules/onnxruntime-node/package.json', 'utf8'));
    assert.match(calls.at(-1) as string, new RegExp(`--abi=cp311 .*onnxruntime-gpu==${version}$`));
    for (const { requirement } of PACKAGES) {
      assert.ok(wanted.lines.includes(`Running python3 -m pip download ${requirement}`), requirement);
    }
    const libraries = PACKAGES.flatMap((each) => each.libraries);
    const left = readdirSync(wanted.folder).filter((name) => !name.endsWith('.version'));
    assert.deepEqual(left.sort(), libraries.toSorted(), 'no scratch and nothing else of the wheels is left');

    const started_ms = performance.now();
    assert.equal(await fetchCuda(wanted), false);
    assert.ok(performance.now() - started_ms < 500);
    assert.equal(callsOf(PATH).length, calls.length);
  });

  test('npm ci has cleared node_modules: linked anew without a download', async () => {
    const PATH = pathWithWheel(FILES);
    const wanted = fetchOptions(PATH);
    await fetchCuda(wanted);
    rmSync(wanted.providerFolder, { recursive: true });
    assert.equal(await fetchCuda(wanted), true);
    assertWhole(wanted);
    assert.equal(callsOf(PATH).length, PACKAGES.length);
  });

  test('a file in the place of a link, of another version perhaps, gives way', async () => {
    const wanted = fetchOptions(pathWithWheel(FILES));
    await fetchCuda(wanted);
    const path = join(wanted.providerFolder, provider.libraries[0] as string);
    rmSync(path);
    writeFileSync(path, 'older');
    assert.equal(await fetchCuda(wanted), true);
    assert.ok(lstatSync(path).isSymbolicLink());
    assertWhole(wanted);
  });

  test('a library that is gone, or a package of another version: only that package is fetched', async () => {
    const PATH = pathWithWheel(FILES);
    const wanted = fetchOptions(PATH);
    await fetchCuda(wanted);
    rmSync(join(wanted.folder, 'libcublas.so.13'));
    writeFileSync(join(wanted.folder, 'nvidia-curand.version'), 'nvidia-curand==1.0');
    writeFileSync(join(wanted.folder, 'libcurand.so.10'), 'older');
    assert.equal(await fetchCuda(wanted), true);
    assertWhole(wanted);
    const again = callsOf(PATH).slice(PACKAGES.length);
    assert.equal(again.length, 2);
    assert.match(again[0] as string, /nvidia-cublas==/);
    assert.match(again[1] as string, /nvidia-curand==/);
  });
});

describe('what it refuses', () => {
  test('without pip, or with one that reaches nothing, it ends with a sentence and leaves nothing behind', async () => {
    const cases: [PATH: string, reason: RegExp][] = [
      [temporaryFolder(), /\(python3: is not installed; python: is not installed\)/],
      [pathWith({ python3: 'echo "ERROR: No matching distribution found" >&2; exit 1' }), /No matching distribution/],
    ];
    for (const [PATH, reason] of cases) {
      const wanted = fetchOptions(PATH);
      await assert.rejects(fetchCuda(wanted), (error) => {
        assert.ok(error instanceof PackageUnavailable);
        assert.match(error.message, /^nvidia-cuda-runtime==[\d.]+ could not be fetched by pip .*Python 3 with pip/);
        assert.match(error.message, reason);
        return true;
      });
      assert.deepEqual(readdirSync(wanted.folder), []);
    }
  });

  test('a wheel that lacks a library is refused with a sentence', async () => {
    const wanted = fetchOptions(pathWithWheel({ 'nvidia/cu13/lib/libother.so': Buffer.from('x') }));
    await assert.rejects(fetchCuda(wanted), { message: /^nvidia-cuda-runtime==[\d.]+ lacks libcudart\.so\.13$/ });
    assert.deepEqual(readdirSync(wanted.folder), []);
  });

  test('another platform ends in one sentence, before anything is set up', () => {
    const script = fileURLToPath(new URL('../../../scripts/setup-cuda.mjs', import.meta.url));
    const elsewhere = `data:text/javascript,Object.defineProperty(process, 'arch', { value: 'arm64' })`;
    const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', elsewhere, script], {
      encoding: 'utf8',
      env: { PATH: '/nowhere' },
    });
    assert.deepEqual([status, stdout], [1, '']);
    assert.match(
      stderr,
      /^cosimo: ONNX Runtime's CUDA provider is made for Linux on x86-64, and this is \w+ on arm64\n$/,
    );
  });
});
