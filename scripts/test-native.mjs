/**
 * Builds and runs the C++ tests of native/core and native/kernels.
 * `node scripts/test-native.mjs [address,undefined | thread]` builds them with these sanitizers, in a folder apart.
 */
import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { BUILD, build, buildApart } from './cmake.mjs';

/**
 * Sizes for `npm test`; with LONG_TESTS=1 the tests use their own, larger ones. Stress tests have no short size, since they check
 * that rare events have happened: they run with LONG_TESTS=1 alone.
 */
const SHORT = { COSIMO_COMPARISONS: '2000' };

/**
 * Prints what ctest prints, which ends with the counts.
 * @returns {Promise<boolean>} whether every test passed
 */
export async function testNative(sanitizers = '') {
  const folder = sanitizers === '' ? BUILD : join(BUILD, sanitizers.replace(',', '-'));
  console.log(`cosimo: C++ tests${sanitizers === '' ? '' : ` with -fsanitize=${sanitizers}`}`);
  try {
    if (sanitizers === '') await build(['cosimo_tests']);
    else await buildApart(folder, [`-DCOSIMO_SANITIZE=${sanitizers}`], ['cosimo_tests']);
  } catch (problem) {
    console.error(`${problem.output ?? ''}${problem.message}`);
    return false;
  }
  const ctest = ['--test-dir', folder, '--output-on-failure', '--parallel', String(availableParallelism())];
  ctest.push('--timeout', '300'); // a program that hangs fails by its name
  const isShort = sanitizers === '' && process.env.LONG_TESTS !== '1';
  if (isShort) ctest.push('--exclude-regex', 'stress');
  const env = { ...(isShort ? SHORT : {}), ...process.env };
  const { status } = spawnSync('ctest', ctest, { stdio: 'inherit', env });
  return status === 0;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  process.exit((await testNative(process.argv[2])) ? 0 : 1);
