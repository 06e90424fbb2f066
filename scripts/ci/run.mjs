/**
 * The steps of `.ci/run`, in a fresh clone of the last commit: `npm start`, `npm test`, then all other checks. What a step
 * installs and builds serves the later ones. It goes on after a failure, so that one run shows all failures, and ends with
 * `N passed, N failed, N skipped`. It counts the tests of a step, or the step itself if it has none.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ROOT } from '../cmake.mjs';
import { finish, step } from './steps.mjs';

/** The exit status of `npm run setup:cuda` when pip can't fetch the packages. */
const UNAVAILABLE = 69;

/** Tests of what clients see of the encoder; `npm test` runs them with ENCODER's default. */
const CONTRACT_TESTS = [
  'cli/re-embed',
  'encoder/encoder-faults.long',
  'http/cached-answers',
  'http/document-routes',
  'http/embed-routes',
  'http/fastapi-contract',
  'http/openai/routes',
  'service/document-service',
].map((name) => `test/${name}.test.ts`);

/** The clone with its builds takes half of this; /tmp may be small memory. */
const ROOM_BYTES = 8e9;

function folderWithRoom() {
  const hasRoom = (folder) => {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize > ROOM_BYTES;
  };
  return [tmpdir(), dirname(ROOT)].find(hasRoom) ?? tmpdir();
}

const npmTest = (...patterns) => ['test', '--silent', '--', ...patterns];

const scratch = mkdtempSync(join(folderWithRoom(), 'cosimo-ci-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1));
if (execFileSync('git', ['status', '--porcelain'], { cwd: ROOT }).length > 0)
  console.log('Uncommitted changes are not tested.');
const clone = join(scratch, 'cosimo');
if (!(await step('fresh clone', 'git', ['clone', '--quiet', ROOT, clone]))) finish();
process.chdir(clone);
process.env.XDG_CACHE_HOME = join(scratch, 'cache');

await step('npm start serves', process.execPath, ['scripts/ci/check-start.mjs']);
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
// It mostly waits for services to start, and times nothing.
const bench = step('benchmark: that it runs, no timing', 'npm', ['run', '--silent', 'bench', '--', 'all', '--quick'], {
  quiet: true,
});
await step('NEON kernels under emulation', 'bash', ['scripts/test-neon.sh']);
await bench;
// Shows how far the fetched libraries load on this machine; `npm test` skips the test if they are missing.
if (await cuda) await step('CUDA provider', 'npm', npmTest('test/encoder/cuda/cuda-provider.test.ts'));
finish();
