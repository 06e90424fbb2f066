/** Running a trial: contenders are processes that work by turns; each fails alone, and none is left behind. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, test } from 'vitest';
import { DATA_DIR, sweepLeftovers } from '../src/data/data-files.ts';
import { Programs } from '../src/trial/programs.ts';
import { Missing } from '../src/trial/protocol.ts';
import { runTrial } from '../src/trial/run-trial.ts';
import type { Contender, Program, Trial } from '../src/trial/trial.ts';

const folder = mkdtempSync(join(tmpdir(), 'cosimo-bench-run-'));
afterAll(() => rmSync(folder, { recursive: true }));
const log = join(folder, 'log');

/** These programs run bench/test/support/contender.mjs as every `node` and every `native` contender. */
class TestPrograms extends Programs {
  constructor() {
    super({
      onnxDir: '/o',
      native: '/nowhere',
      modelDir: '/nowhere',
      venv: { missing: 'no Python' },
      nodePeers: { missing: 'no npm' },
    });
  }

  override commandOf(program: Program) {
    const file = fileURLToPath(new URL('support/contender.mjs', import.meta.url));
    if (program.kind === 'native') return { file: process.execPath, args: [file, ...program.args] };
    if (program.kind !== 'node') return super.commandOf(program);
    return { file: process.execPath, args: [file, JSON.stringify(program.spec)] };
  }
}

const contender = (name: string, spec: Record<string, unknown> = {}, role: Contender['role'] = 'peer'): Contender => ({
  name,
  role,
  program: { kind: 'node', file: 'x', spec: { name, log, ...spec } },
});

function run(
  contenders: readonly Contender[],
  { rounds = 3, signal = new AbortController().signal, compare = false } = {},
) {
  writeFileSync(log, '');
  const trial: Trial = {
    id: 'trial',
    group: 'group',
    parameters: {},
    unit: 'units/s',
    better: 'higher',
    data: [],
    contenders,
    ...(compare ? { compare: 'hits' as const } : {}),
  };
  return runTrial(trial, { rounds, programs: new TestPrograms(), signal, onStep: () => {} });
}

const logged = () => readFileSync(log, 'utf8').trim().split('\n');
const pidsLogged = () =>
  logged().flatMap((line) => [...line.matchAll(/ (?:pid|child) (\d+)$/g)].map((match) => Number(match[1])));

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' });
    return stdout.trim() !== '' && !stdout.startsWith('Z'); // `Z`: it has ended, and its parent hasn't read its status
  } catch {
    return false;
  }
}

describe('a trial', () => {
  test('runs its contenders by turns and keeps every round', async () => {
    const result = await run([contender('a', { values: [1, 2, 3] }, 'subject'), contender('b', { values: [4, 5, 6] })]);
    const turns = logged().filter((line) => line.endsWith('round'));
    assert.deepEqual(turns, ['a round', 'b round', 'a round', 'b round', 'a round', 'b round']);
    assert.deepEqual(
      result.contenders.map(({ status, rounds, versions }) => ({
        status,
        values: rounds.map((r) => r.value),
        versions,
      })),
      [
        { status: 'measured', values: [1, 2, 3], versions: { a: '1.0' } },
        { status: 'measured', values: [4, 5, 6], versions: { b: '1.0' } },
      ],
    );
    assert.ok(logged().includes('a end') && logged().includes('b end'), 'each is told to end');
  });

  test('one that fails, is missing, talks nonsense or measures nothing is out alone, with the reason', async () => {
    const { contenders } = await run([
      contender('good', {}, 'subject'),
      contender('broken', { failAt: 2 }),
      contender('absent', { missing: 'no such package' }),
      contender('noisy', { noise: true }),
      contender('still', { values: [0, 0, 0] }),
      { name: 'python', role: 'peer', program: { kind: 'python', file: 'x.py', spec: {} } },
      { name: 'unable', role: 'peer', program: { kind: 'missing', reason: 'it keeps nothing' } },
    ]);
    const seen = contenders.map(({ name, status, reason, rounds }) => [name, status, rounds.length, reason]);
    assert.deepEqual(seen, [
      ['good', 'measured', 3, undefined],
      ['broken', 'partial', 1, 'ended with 3: a line on standard error'],
      ['absent', 'missing', 0, 'no such package'],
      ['noisy', 'failed', 0, 'wrote a line that is no JSON: loading model ...'],
      ['still', 'failed', 0, 'measured 0, which is no measurement'],
      ['python', 'missing', 0, 'no Python'],
      ['unable', 'missing', 0, 'it keeps nothing'],
    ]);
  });

  test("compares answers with the subject's", async () => {
    const { contenders } = await run([contender('own', {}, 'subject'), contender('same'), contender('wrong')], {
      compare: true,
    });
    assert.deepEqual(
      contenders.map(({ agreement }) => agreement?.same),
      [undefined, true, false],
    );
  });

  test('a limit of the machine is not asked what it found', async () => {
    const program: Program = { kind: 'native', args: [JSON.stringify({ name: 'limit', log })] };
    const limit: Contender = { name: 'limit', role: 'reference', program };
    const { contenders } = await run([contender('own', {}, 'subject'), limit, contender('same')], { compare: true });
    assert.deepEqual(
      contenders.map(({ status, agreement }) => [status, agreement?.same]),
      [
        ['measured', undefined],
        ['measured', undefined],
        ['measured', true],
      ],
    );
    assert.ok(logged().includes('own answers') && !logged().includes('limit answers'));
  });

  test('what a contender that crashed had started is ended too', async () => {
    await run([contender('a', { child: true, failAt: 1 }, 'subject')]);
    const pids = pidsLogged();
    assert.equal(pids.length, 2);
    await sleep(100);
    assert.deepEqual(pids.filter(alive), []);
  });

  test('an interrupt ends every process of every contender and keeps what was measured', async () => {
    const controller = new AbortController();
    const running = run([contender('a', { child: true }, 'subject'), contender('b', { hang: true, child: true })], {
      signal: controller.signal,
    });
    while (!logged().includes('b round')) await sleep(20);
    controller.abort();
    const { contenders } = await running;
    assert.deepEqual(
      contenders.map(({ status, reason, rounds }) => [status, reason, rounds.length]),
      [
        ['partial', 'interrupted', 1],
        ['failed', 'interrupted', 0],
      ],
    );
    const pids = pidsLogged();
    assert.equal(pids.length, 4);
    await sleep(100);
    assert.deepEqual(pids.filter(alive), []);
    assert.deepEqual(
      readdirSync(DATA_DIR).filter((name) => name.startsWith(`scratch-${process.pid}-`)),
      [],
      'no scratch folder stays',
    );
  });
});

test('a program whose environment is not installed is missing', () => {
  const programs = new TestPrograms();
  const missing = (program: Program, why: RegExp) =>
    assert.throws(
      () => programs.commandOf(program),
      (error) => error instanceof Missing && why.test(error.message),
    );
  missing({ kind: 'python', file: 'x.py', spec: {} }, /no Python/);
  missing({ kind: 'node-peer', file: 'x.mjs', spec: {} }, /no npm/);
  missing({ kind: 'missing', reason: 'because' }, /because/);
  const real = new Programs({
    native: '/n',
    modelDir: '/m',
    onnxDir: '/o',
    venv: { missing: 'no venv' },
    nodePeers: { path: '/p' },
  });
  assert.throws(() => real.commandOf({ kind: 'node', file: 'http.ts', spec: {}, needs: 'venv' }), /no venv/);
  const { args } = real.commandOf({ kind: 'node', file: 'http.ts', spec: { seed: 1 } });
  assert.deepEqual(JSON.parse(args[1] as string), { model_dir: '/m', onnx_dir: '/o', seed: 1 });
});

test('what killed runs left behind is swept, what running ones have is not', () => {
  mkdirSync(DATA_DIR, { recursive: true });
  const gone = spawnSync(process.execPath, ['-e', '']).pid;
  const left = [`scratch-${gone}-x`, `vectors.f32.${gone}.partial`, `store.${gone}.partial-lock`];
  const kept = [`scratch-${process.pid}-x`, `test-whole-${process.pid}.json`];
  for (const name of [...left, ...kept]) writeFileSync(join(DATA_DIR, name), '');
  sweepLeftovers();
  const names = readdirSync(DATA_DIR);
  for (const name of kept) rmSync(join(DATA_DIR, name));
  assert.deepEqual(
    left.filter((name) => names.includes(name)),
    [],
  );
  assert.deepEqual(
    kept.filter((name) => !names.includes(name)),
    [],
  );
});

test('a program gets as many threads for its tokenizer as for its model', () => {
  const programs = new Programs({
    native: '/n',
    modelDir: '/m',
    onnxDir: '/o',
    venv: { path: '/v' },
    nodePeers: { path: '/p' },
  });
  const { environment } = programs.commandOf({ kind: 'python', file: 'x.py', spec: { threads: 1 } });
  assert.deepEqual(environment, { RAYON_NUM_THREADS: '1' });
});

test('a contender has an environment of its own, and others have none of it', () => {
  const programs = new Programs({
    native: '/n',
    modelDir: '/m',
    onnxDir: '/o',
    venv: { path: '/v' },
    nodePeers: { path: '/p' },
  });
  const environmentOf = (environment?: Record<string, string>) =>
    programs.commandOf({ kind: 'node', file: 'x.ts', spec: { threads: 2 }, ...(environment && { environment }) })
      .environment;
  assert.deepEqual(environmentOf({ COSIMO_KERNEL: 'avx2' }), { RAYON_NUM_THREADS: '2', COSIMO_KERNEL: 'avx2' });
  assert.deepEqual(environmentOf(), { RAYON_NUM_THREADS: '2' });
});
