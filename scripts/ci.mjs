/**
 * What `.ci/run` runs: `npm test`, then whatever else guards the project. Goes on after a failure, so that one run tells
 * all, and closes with `N passed, N failed, N skipped`: tests where a step counts tests, else the step itself.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finish, step } from './ci-steps.mjs';
import { ROOT } from './cmake.mjs';

/** Ends `npm run setup:cuda` when pip can't bring the packages. */
const UNAVAILABLE = 69;

/** What clients see doesn't depend on which encoder serves; `npm test` has ENCODER's default. */
const CONTRACT_TESTS = [
  'cli/re-embed',
  'cli/re-embed.long',
  'encoder/encoder-faults',
  'http-threads/http-threads',
  'http/body/json-fault',
  'http/body/json-source',
  'http/body/large-bodies',
  'http/cached-answers',
  'http/document-routes',
  'http/documentation',
  'http/embed-routes',
  'http/fastapi-contract',
  'http/openai/routes',
  'http/overload',
  'http/request-target',
  'http/search-cancel',
  'http/stats-routes',
  'process',
  'service/document-service',
  'service/index-limits',
].map((name) => `test/${name}.test.ts`);

const npmTest = (...patterns) => ['test', '--silent', '--', ...patterns];

/** The README's two commands where nothing is: a clone, and a cache folder that is empty. */
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
// 0.8 GB that a GPU host fetches: the network's work, beside the compiler's. What follows has no clock to mind.
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
// How far what was fetched loads here; `npm test` skips that where nothing was.
if (await cuda) await step('CUDA provider', 'npm', npmTest('test/encoder/cuda/cuda-provider.test.ts'));
await step('benchmark: that it runs, no timing', 'npm', ['run', '--silent', 'bench', '--', 'all', '--quick']);
await freshClone();
finish();
