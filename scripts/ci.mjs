/**
 * What `.ci/run` runs: `npm test`, then whatever else guards the project. Goes on after a failure, so that one run tells
 * all, and closes with `N passed, N failed, N skipped`: tests where a step counts tests, else the step itself.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const total = { passed: 0, failed: 0, skipped: 0 };
/** What failed, to be named again at the end, where a long log's reader looks first. */
const failures = [];

/** Runs a command, shows what it prints and returns that with its status. */
function run(command, args, { cwd = ROOT, env = process.env } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        output += chunk;
        process.stdout.write(chunk);
      });
    }
    child.on('error', (error) => resolve({ status: 1, output: error.message }));
    child.on('close', (status) => resolve({ status: status ?? 1, output: stripVTControlCharacters(output) }));
  });
}

const sum = (output, pattern) => [...output.matchAll(pattern)].reduce((count, match) => count + Number(match[1]), 0);

/** What test runners said: Vitest's (`vitest: 3 passed, 0 failed, 1 skipped`) and ctest's (`0 tests failed out of 8`). */
function countTests(output) {
  const ctestFailed = sum(output, /(\d+) tests? failed out of \d+/g);
  const vitest = [...output.matchAll(/^vitest: (\d+) passed, (\d+) failed, (\d+) skipped$/gm)];
  const sumOf = (group) => vitest.reduce((count, match) => count + Number(match[group]), 0);
  return {
    passed: sumOf(1) + sum(output, /tests? failed out of (\d+)/g) - ctestFailed,
    failed: sumOf(2) + ctestFailed,
    skipped: sumOf(3),
  };
}

/** The part of Vitest's report that shows each failure with its error, or else the output's last lines. */
function failureReport(output) {
  const failing = output.split(/^.*(?=Failed (?:Suites|Tests) \d|Unhandled Errors)/m).slice(1);
  return failing.length > 0 ? failing.map((part) => part.slice(0, 6000)).join('\n') : output.slice(-2000);
}

/** `skippedStatus` is the exit status by which the command says that it can't be done on this machine. */
async function step(name, command, args, { skippedStatus, ...options } = {}) {
  console.log(`\n=== ${name}`);
  const started_ms = Date.now();
  let { status, output } = await run(command, args, options);
  const skipped = status !== 0 && status === skippedStatus;
  if (skipped) {
    console.log(`skipped: ${output.trim().split('\n').at(-1)}`);
    [status, output] = [0, 'skipped'];
  }
  const counts = countTests(output);
  if (counts.passed + counts.failed === 0) {
    if (status === 0 && /^skipped\b/m.test(output)) counts.skipped = 1;
    else if (status === 0) counts.passed = 1;
  }
  if (status !== 0 && counts.failed === 0) counts.failed = 1;
  if (counts.failed > 0) failures.push(`--- failed in ${name}:\n${failureReport(output)}`);
  for (const key of Object.keys(total)) total[key] += counts[key];
  const seconds = Math.round((Date.now() - started_ms) / 1000);
  console.log(
    `=== ${name}: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped in ${seconds} s`,
  );
  return status === 0 && !skipped;
}

/** The README's two commands where nothing is: a clone, and a cache folder that is empty. */
async function freshClone() {
  const scratch = mkdtempSync(join(tmpdir(), 'cosimo-clone-'));
  try {
    const clone = join(scratch, 'cosimo');
    const env = { ...process.env, XDG_CACHE_HOME: join(scratch, 'cache') };
    await step('fresh clone', 'git', ['clone', '--quiet', ROOT, clone]);
    await step('fresh clone: npm start serves', process.execPath, [join(ROOT, 'scripts', 'check-start.mjs'), clone], {
      env,
    });
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Ends `npm run setup:cuda` when pip can't bring the packages. */
const UNAVAILABLE = 69;

/** 0.8 GB that a GPU host fetches, and how far they load here; `npm test` skips that where they aren't. */
async function cudaProvider() {
  const setUp = ['run', '--silent', 'setup:cuda'];
  const fetched = await step('CUDA provider: npm run setup:cuda', 'npm', setUp, { skippedStatus: UNAVAILABLE });
  if (fetched)
    await step('CUDA provider', 'npm', ['test', '--silent', '--', 'test/encoder/cuda/cuda-provider.test.ts']);
}

/** What clients see doesn't depend on which encoder serves; `npm test` has ENCODER's default. */
const CONTRACT_TESTS = [
  ...['cli/re-embed', 'encoder/encoder-faults', 'http-threads/http-threads', 'http/body/large-bodies'],
  ...['cached-answers', 'embed', 'fastapi-contract', 'http', 'overload', 'search', 'search-cancel'].map(
    (name) => `http/${name}`,
  ),
  ...['http/openai/openai', 'process', 'service/document-service', 'service/index-limits'],
].map((name) => `test/${name}.test.ts`);

await step('npm test, long tests too', 'npm', ['test'], { env: { ...process.env, LONG_TESTS: '1' } });
await step('tests of the benchmark', 'npm', ['test', '--silent', '--', 'bench/test/']);
await step('contract tests with ENCODER=onnx', 'npm', ['test', '--silent', '--', ...CONTRACT_TESTS], {
  env: { ...process.env, ENCODER: 'onnx' },
});
await cudaProvider();
await step('lint', 'npm', ['run', '--silent', 'lint']);
await step('type check', 'npm', ['run', '--silent', 'typecheck']);
for (const sanitizers of ['address,undefined', 'thread']) {
  await step(`C++ tests under ${sanitizers}`, process.execPath, ['scripts/test-native.mjs', sanitizers]);
}
await step('benchmark: that it runs, no timing', 'npm', ['run', '--silent', 'bench', '--', 'all', '--quick']);
await step('NEON kernels under emulation', 'bash', ['scripts/test-neon.sh']);
await freshClone();
for (const failure of failures) console.log(`\n${failure}`);
console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exit(total.failed === 0 && total.passed > 0 ? 0 : 1);
