/**
 * Builds and runs the C++ tests of native/core and native/kernels, without Node.
 * `node scripts/test-native.mjs [address,undefined | thread]` builds them with these sanitizers.
 */
import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** @returns {boolean} whether every test passed; prints a closing line with the counts */
export function testNative(sanitizers = '') {
  const build = join(ROOT, 'build', sanitizers === '' ? 'tests' : `tests-${sanitizers.replace(',', '-')}`);
  const configure = ['-S', ROOT, '-B', build, '-DCOSIMO_TESTS=ON', `-DCOSIMO_SANITIZE=${sanitizers}`];
  console.log(`cosimo: C++ tests${sanitizers === '' ? '' : ` with -fsanitize=${sanitizers}`}`);
  for (const args of [configure, ['--build', build, '--parallel', String(availableParallelism())]]) {
    const { status, stdout, stderr } = spawnSync('cmake', args, { encoding: 'utf8', maxBuffer: 1 << 28 });
    if (status === 0) continue;
    console.error(`${stdout}${stderr}`);
    return false;
  }
  const { status, stdout, stderr } = spawnSync('ctest', ['--test-dir', build, '--output-on-failure'], {
    encoding: 'utf8',
  });
  process.stdout.write(`${stdout}${stderr}`);
  return status === 0;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) process.exit(testNative(process.argv[2]) ? 0 : 1);
