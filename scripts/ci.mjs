/**
 * The steps of `.ci/run`: `npm test`, then all other checks. It goes on after a failure, so that one run shows all failures,
 * and ends with `N passed, N failed, N skipped`. It counts the tests of a step, or the step itself if it has none.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finish, step } from './ci-steps.mjs';
import { ROOT } from './cmake.mjs';

/** The exit status of `npm run setup:cuda` when pip can't fetch the packages. */
const UNAVAILABLE = 69;

/** Tests of what clients see, which must not depend on the encoder; `npm test` runs them with ENCODER's default. */
const CONTRACT_TESTS = [
  'cli/re-embed',
  'encoder/encoder-faults.long',
  'http-threads/http-threads.long',
  'http/body/json-fault',
  'http/body/json-source',
  'http/body/large-bodies',
  'http/cached-answers',
  'http/document-routes',
  'http/documentation',
  'http/embed-routes',
  'http/fastapi-contract',
  'http/guards',
  'http/openai/routes',
  'http/overload.long',
  'http/request-target',
  'http/search-cancel',
  'http/stats-routes',
  'process',
  'service/document-service',
  'service/index-limits.long',
].map((name) => `test/${name}.test.ts`);

const npmTest = (...patterns) => ['test', '--silent', '--', ...patterns];

/** Runs `npm start` in a fresh clone with an empty cache folder. */
async function freshClone() {
  const scratch = mkdtempSync(join(tmpdir(), 'cosimo-clone-'));
  try {
    const clone = join(scratch, 'cosimo');
    await step('fresh clone', 'git', ['clone', '--quiet', ROOT, clone]);
    await step(
      'fresh clone: npm start serves',
      process.execPath,
      [join(ROOT, 'scripts', 'ci-check-start.mjs'), clone],
      {
        env: { XDG_CACHE_HOME: join(scratch, 'cache') },
      },
    );
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

await step('npm test, long tests too', 'npm', ['test'], { env: { LONG_TESTS: '1' } });
await step('tests of the benchmark', 'npm', npmTest('bench/test/'));
await step('contract tests with ENCODER=onnx', 'npm', npmTest(...CONTRACT_TESTS), { env: { ENCODER: 'onnx' } });
// Fetches 0.8 GB, as a GPU host does, while the next steps compile. None of them measures time.
const cuda = step('CUDA provider: npm run setup:cuda', 'npm', ['run', '--silent', 'setup:cuda'], {
  skippedStatus: UNAVAILABLE,
  quiet: true,
});
await step('lint', 'npm', ['run', '--silent', 'lint']);
await step('type check', 'npm', ['run', '--silent', 'typecheck']);
for (const sanitizers of ['address,undefined', 'thread']) {
  await step(`C++ tests under ${sanitizers}`, process.execPath, ['scripts/test-native.mjs', sanitizers]);
}
await step('NEON kernels under emulation', 'bash', ['scripts/test-neon.sh']);
// Shows how far the fetched libraries load on this machine; `npm test` skips the test if they are missing.
if (await cuda) await step('CUDA provider', 'npm', npmTest('test/encoder/cuda/cuda-provider.test.ts'));
await step('benchmark: that it runs, no timing', 'npm', ['run', '--silent', 'bench', '--', 'all', '--quick']);
await freshClone();
finish();
