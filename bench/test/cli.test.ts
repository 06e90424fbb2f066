/** `npm run bench` as a person calls it: help, wrong calls, the files that it writes, the guard, Ctrl-C during a run. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { buildBench } from '../../scripts/build-bench.mjs';
import { native } from '../../src/native/binding.ts';
import type { SuiteResult } from '../src/results/results.ts';
import { SUITES } from '../src/suites/suites.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'cosimo-bench-cli-'));
const COMMANDS = ['bash', 'sh', 'cmake', 'make', 'git', 'cat', 'cut', 'dirname', 'mkdir', 'mktemp', 'rm', 'sha256sum'];
const QUICK = ['kernels', '--quick', '--only', 'dot 16 KiB threads=1', '--only', 'another name'];

beforeAll(buildBench);
afterAll(() => rmSync(folder, { recursive: true }));

function start(args: readonly string[], env: NodeJS.ProcessEnv = process.env): ChildProcess {
  return spawn(process.execPath, ['bench/src/cli.ts', ...args], { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] });
}

async function run(args: readonly string[], env?: NodeJS.ProcessEnv) {
  const child = start(args, env);
  let [stdout, stderr] = ['', ''];
  child.stdout?.on('data', (chunk) => (stdout += chunk));
  child.stderr?.on('data', (chunk) => (stderr += chunk));
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, stdout, stderr };
}

const readRun = (path: string) => JSON.parse(readFileSync(path, 'utf8')) as SuiteResult[];

test('--help lists every suite and flag, and is no error', async () => {
  const { status, stdout } = await run(['--help']);
  assert.equal(status, 0);
  for (const { name, summary } of SUITES) assert.ok(stdout.includes(name) && stdout.includes(summary), name);
  for (const flag of ['--quick', '--peers', '--json', '--baseline', '--plot', '--seed'])
    assert.ok(stdout.includes(flag));
});

describe('a wrong call is one sentence and exit status 1, before anything is measured', () => {
  const notJson = join(folder, 'not.json');
  writeFileSync(notJson, 'x');
  const otherJson = join(folder, 'other.json');
  writeFileSync(otherJson, '[{"format": 99}]');
  const calls: [string[], RegExp][] = [
    [[], /missing required argument 'suite'/],
    [['kernel'], /'kernel' is invalid.*Allowed choices are kernels, index, cache, encode, http, startup, all/],
    [['kernels', '--fast'], /unknown option '--fast'/],
    [['kernels', '--seed', '-1'], /'--seed <number>'.*whole number, 0 or more/],
    [['kernels', '--rounds', '0'], /whole number, 1 or more/],
    [['kernels', '--tolerance', '2'], /number from 0 to 1/],
    [['kernels', '--baseline', join(folder, 'none.json')], /none\.json cannot be read as a stored run: ENOENT/],
    [['kernels', '--baseline', notJson], /cannot be read as a stored run: .*JSON/],
    [['kernels', '--baseline', otherJson], /is no stored run of format 1/],
    [['kernels', '--json', join(folder, 'no', 'such', 'folder.json')], /cannot be written/],
    [['kernels', '--json', folder], /cannot be written: it is a folder/],
    [['kernels', '--plot', '--out', join(notJson, 'x')], /cannot be written: ENOTDIR/],
    [['kernels', '--quick', '--only', 'nothing like this'], /no trial's name holds 'nothing like this'/],
    [['kernels', '--quick', '--only', 'nothing', '--only', 'naught'], /no trial's name holds 'nothing' or 'naught'/],
  ];
  for (const [args, sentence] of calls) {
    test(`npm run bench -- ${args.map((arg) => arg.replace(folder, '…')).join(' ')}`, async () => {
      const { status, stdout, stderr } = await run(args);
      assert.equal(status, 1);
      assert.match(stderr.trim(), sentence);
      assert.equal(stderr.trim().split('\n').length, 1, stderr);
      assert.ok(!stdout.includes('GB/s'));
    });
  }
});

test("the caller's COSIMO_KERNEL changes nothing: contenders say themselves which kernel they run", async () => {
  const { status, stdout, stderr } = await run(QUICK, { ...process.env, COSIMO_KERNEL: 'scalar' });
  assert.equal(status, 0, stderr);
  const best = native.availableKernels[0] as string;
  assert.ok(stdout.includes(`search kernel ${best}\n`), stdout);
  assert.match(stdout, new RegExp(`dot 16 KiB threads=1\\n {2}${best} `), 'the best kernel is the subject');
});

describe('a run', () => {
  const json = join(folder, 'run.json');
  const out = join(folder, 'out');
  let said = '';

  beforeAll(async () => {
    const { status, stdout, stderr } = await run([
      ...QUICK,
      '--rounds',
      '2',
      '--json',
      json,
      '--plot',
      '--out',
      out,
      '--seed',
      '7',
    ]);
    assert.equal(status, 0, stderr);
    said = stdout;
  });

  test('says what it was measured on, and calls two rounds not stable', () => {
    for (const word of ['machine ', 'CPU has ', 'search kernel ', 'Node 24', 'ONNX Runtime', 'commit ', 'seed 7']) {
      assert.ok(said.includes(word), word);
    }
    assert.match(said, /model {5}model\.safetensors [0-9a-f]{64}/);
    assert.match(said, /load .* before/);
    assert.match(said, /read bandwidth .* GB\/s not stable \(.*; ratio [\d.]+ \([\d.]+–[\d.]+\) not stable/);
  });

  test('leaves its figures as JSON, marked partial since only some trials were asked for', () => {
    const [result] = readRun(json);
    assert.ok(result);
    assert.deepEqual([result.suite, result.quick, result.partial, result.seed], ['kernels', true, true, 7]);
    assert.equal(result.trials.length, 1);
    for (const { status, rounds } of result.trials[0]?.contenders ?? []) {
      assert.equal(status, 'measured');
      assert.equal(rounds.length, 2);
      assert.ok(rounds.every(({ value }) => value > 0));
    }
  });

  test('leaves a report with table and charts, warning that it measured nothing', () => {
    const report = readFileSync(join(out, 'kernels.quick.partial.md'), 'utf8');
    assert.match(report, /Made with `--quick`/);
    assert.match(report, /\*\*Partial/);
    assert.match(report, /\| dot 16 KiB threads=1 \| [\d.]+ † \|/);
    assert.match(report, /!\[.*\]\(kernels\.quick\.partial-bandwidth\.svg\)/);
    const svg = readFileSync(join(out, 'kernels.quick.partial-bandwidth.svg'), 'utf8');
    assert.ok(svg.startsWith('<svg') && svg.includes('read bandwidth') && svg.includes('QUICK: no measurement'));
    const png = readFileSync(join(out, 'kernels.quick.partial-bandwidth.png'));
    assert.equal(png.subarray(1, 4).toString(), 'PNG');
    assert.ok(png.length > 20_000, 'letters and bars are drawn');
    assert.match(
      readFileSync(join(out, 'README.md'), 'utf8'),
      /\[kernels\.quick\.partial\]\(kernels\.quick\.partial\.md\)/,
    );
  });

  test('--baseline passes beside itself, and fails when ratios have fallen', async () => {
    const same = await run([...QUICK, '--seed', '7', '--baseline', json, '--tolerance', '0.9']);
    assert.equal(same.status, 0, same.stderr);
    assert.match(same.stdout, /\d ratios compared with the stored run, 0 fallen by more than 90%, 0 not measured now/);
    const [result] = readRun(json);
    assert.ok(result);
    const faster = join(folder, 'faster.json');
    const trials = result.trials.map((trial) => ({
      ...trial,
      contenders: trial.contenders.map((contender) => ({
        ...contender,
        rounds: contender.rounds.map(({ value }) => ({ value: contender.role === 'subject' ? 1000 * value : value })),
      })),
    }));
    writeFileSync(faster, JSON.stringify([{ ...result, trials }]));
    const fallen = await run([...QUICK, '--seed', '7', '--baseline', faster]);
    assert.equal(fallen.status, 1);
    assert.match(fallen.stdout, /FALLEN +kernels: dot 16 KiB threads=1: to read bandwidth: /);
  });

  test('--baseline of a run that has nothing in common is an error, not a pass', async () => {
    const [result] = readRun(json);
    const other = join(folder, 'other-suite.json');
    writeFileSync(other, JSON.stringify([{ ...result, suite: 'cache' }]));
    const { status, stderr } = await run([...QUICK, '--seed', '7', '--baseline', other]);
    assert.equal(status, 1);
    assert.match(stderr, /no ratio in common/);
  });
});

test('missing Python is one sentence, its rows say missing, and the rest is measured', async () => {
  const json = join(folder, 'no-python.json');
  // PATH has only the programs that the build and setup.sh call. Without npm and Maven nothing is fetched.
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  const { stdout } = spawnSync('bash', ['-c', `command -v ${COMMANDS.join(' ')}`], { encoding: 'utf8' });
  for (const path of stdout.trim().split('\n')) symlinkSync(path, join(bin, basename(path)));
  // Another folder for the peers' environment, so that the one of this machine isn't used.
  const env = {
    ...process.env,
    PATH: bin,
    COSIMO_PEERS: join(folder, 'peers'),
    PYTHON: join(folder, 'no-such-python'),
  };
  const args = ['index', '--quick', '--peers', '--only', 'search gaussian rows=1000 k=10 queries=1 threads=1'];
  const { status, stderr } = await run([...args, '--json', json], env);
  assert.match(stderr, /no-such-python is not Python 3\.11: install Python 3\.11, or name one in PYTHON\./);
  assert.match(stderr, /mvn is not installed/);
  const [trial] = readRun(json)[0]?.trials ?? [];
  const contenders = trial?.contenders ?? [];
  const peers = contenders.filter(({ role }) => role === 'peer');
  assert.ok(contenders.length > 4 && contenders.every(({ role, status }) => role === 'peer' || status === 'measured'));
  assert.equal(peers.length, 4);
  for (const { status, reason } of peers) {
    assert.equal(status, 'missing');
    assert.match(reason ?? '', /Python environment could not be installed: .*setup\.sh says why/);
  }
  assert.equal(status, 0, stderr);
});

test('Ctrl-C before anything is measured says so and leaves an older file alone', async () => {
  const json = join(folder, 'older.json');
  writeFileSync(json, 'older');
  const child = start(['kernels', '--json', json]);
  let stderr = '';
  child.stderr?.on('data', (chunk) => (stderr += chunk));
  await sleep(700);
  child.kill('SIGINT');
  const [status] = (await once(child, 'close')) as [number | null];
  assert.equal(readFileSync(json, 'utf8'), 'older');
  // A very early signal finds no handler and ends the process itself.
  if (status !== null) assert.deepEqual([status, stderr.trim()], [130, 'bench: interrupted']);
});

test("reports of quick and partial runs take nobody else's place", async () => {
  const out = join(folder, 'places');
  await run([...QUICK, '--plot', '--out', out]);
  assert.deepEqual(
    readdirSync(out)
      .filter((name) => name.endsWith('.md'))
      .sort(),
    ['README.md', 'kernels.quick.partial.md'],
  );
});

test('Ctrl-C in the middle ends contenders, keeps what was measured and marks it partial', async () => {
  const json = join(folder, 'interrupted.json');
  const child = start(['kernels', '--rounds', '1000', '--json', json, '--only', 'dot 16 KiB']);
  let [stderr, stdout] = ['', ''];
  child.stderr?.on('data', (chunk) => (stderr += chunk));
  child.stdout?.on('data', (chunk) => (stdout += chunk));
  while (!stdout.includes('## kernels')) await sleep(50);
  let contenders = childrenOf(child.pid as number);
  // The contenders: each kernel of this machine, and reading as the limit.
  while (contenders.length < native.availableKernels.length + 1) {
    await sleep(50);
    contenders = childrenOf(child.pid as number);
  }
  await sleep(3000); // the last contender warms up, then rounds run
  child.kill('SIGINT');
  child.kill('SIGINT'); // a terminal and npm both send it
  const [status] = (await once(child, 'close')) as [number | null];
  assert.equal(status, 130);
  assert.match(stderr, /^bench: interrupted; what was measured is kept and marked partial$/m);
  assert.deepEqual(
    contenders.filter((pid) => psLines(['-p', String(pid)]).length > 0),
    [],
  );
  const [result] = readRun(json);
  assert.equal(result?.partial, true);
  const [subject] = result?.trials[0]?.contenders ?? [];
  assert.deepEqual([subject?.status, subject?.reason], ['partial', 'interrupted']);
  assert.ok((subject?.rounds.length ?? 0) >= 1);
});

function psLines(args: readonly string[]): string[] {
  const { stdout } = spawnSync('ps', ['-o', 'pid=,ppid=', ...args], { encoding: 'utf8' });
  return stdout.split('\n').filter((line) => line.trim() !== '');
}

function childrenOf(parent: number): number[] {
  return psLines(['-A']).flatMap((line) => {
    const [pid, ppid] = line.trim().split(/\s+/).map(Number);
    return ppid === parent ? [pid as number] : [];
  });
}
