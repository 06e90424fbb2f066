/** `cosimo_bench` as the runner of trials uses it: a process that reads and writes lines. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, type TestContext, test } from 'vitest';
import { buildBench } from '../../scripts/build-bench.mjs';
import { native } from '../../src/native/binding.ts';
import type { NativeEncoderKernel } from '../../src/native/transformer-encoder.ts';
import { processorSeconds } from '../src/load/processor-time.ts';
import type { Round } from '../src/trial/protocol.ts';

const TIMEOUT_MS = 60_000; // after a hang the status is null, and the test fails
/** The largest relative error of a ratio of two printed numbers, which have nine digits each (`%.9g`). */
const PRINTED_ERROR_MAX = 1.1e-8;
const L2_BYTES = String(256 * 1024);

let program = '';
beforeAll(async () => {
  program = await buildBench();
});

/** Runs the program to its end; `lines` are its whole input. */
function run(measure: string, lines: readonly string[] = []) {
  const input = lines.map((line) => `${line}\n`).join('');
  const args = measure.split(' ');
  const { status, stdout } = spawnSync(program, args, { encoding: 'utf8', input, timeout: TIMEOUT_MS });
  return {
    status,
    replies: stdout
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line)),
  };
}

/** Runs two rounds of 0.05 s, and checks that each is a measurement. */
function roundsOf(measure: string): Round[] {
  const { status, replies } = run(`${measure} --round-s 0.05`, ['round', 'answers', 'round']);
  assert.equal(status, 0, JSON.stringify(replies));
  const [ready, first, answers, second] = replies;
  assert.deepEqual([replies.length, ready, answers], [4, { ready: {} }, { answers: null }]);
  for (const { round } of [first, second]) {
    assert.ok(Number.isFinite(round.value) && round.value > 0, `${measure}: ${JSON.stringify(round)}`);
  }
  return [first.round, second.round];
}

const extraOf = (rounds: readonly Round[], name: string) => rounds.map(({ extra }) => extra?.[name] ?? Number.NaN);
const rowsPerS = ({ extra }: Round) => extra?.['rows_per_s'] ?? Number.NaN;
const bestOf = (rounds: readonly Round[]) => Math.max(...rounds.map(({ value }) => value));
const features = () => run('features').replies[0];
const skipWithScalarAlone = ({ skip }: TestContext) =>
  skip(native.availableKernels.length === 1, 'this machine has the scalar kernel alone');

test('features are those that the addon finds too', () => {
  const { status, replies } = run('features');
  assert.deepEqual([status, replies.length], [0, 1]);
  const { kernels, active_kernel, features, instructions, encoders } = replies[0];
  const left = kernels.slice(kernels.indexOf(active_kernel));
  const bestOfPrecision = encoders
    .filter(({ family }: NativeEncoderKernel) => left.includes(family))
    .filter(({ precision }: NativeEncoderKernel, at: number, kernels: NativeEncoderKernel[]) => {
      return kernels.findIndex((kernel) => kernel.precision === precision) === at;
    });
  assert.deepEqual(bestOfPrecision, native.encoderKernels);
  assert.deepEqual(kernels, native.availableKernels);
  assert.equal(active_kernel, native.kernel);
  assert.equal(features.includes('avx512f'), kernels.includes('avx512'));
  assert.equal(instructions.includes('fma_zmm'), kernels.includes('avx512'));
  assert.equal(instructions.includes('fma_ymm'), kernels.includes('avx2'));
  assert.equal(instructions.includes('vnni_zmm'), features.includes('avx512_vnni'));
});

describe('dot', () => {
  const dot = (kernel: string) => roundsOf(`dot --kernel ${kernel} --bytes ${L2_BYTES} --dimensions 380`);

  for (const kernel of native.availableKernels) {
    test(`${kernel}: rows of 380 dimensions are padded to 384`, () => {
      for (const { value, extra } of dot(kernel)) {
        const row_gb = (384 * 4) / 1e9;
        assert.ok(Math.abs(value / ((extra?.['dot_products_per_s'] ?? 0) * row_gb) - 1) < 1e-6);
      }
    });
  }

  test('the best kernel beats the scalar one where memory does not set the pace', (context) => {
    skipWithScalarAlone(context);
    const rates = native.availableKernels.map((kernel) => bestOf(dot(kernel)));
    assert.ok((rates.at(-1) as number) < (rates[0] as number), rates.join());
  });
});

test('dot and read take a working set that fits no whole number of blocks', () => {
  roundsOf('dot --kernel scalar --dimensions 1 --bytes 64');
  roundsOf('dot --kernel scalar --bytes 1700000 --threads 3');
  roundsOf('read --bytes 3333333 --threads 3');
});

test('read: what the first cache holds comes faster than what memory holds', () => {
  const near = bestOf(roundsOf('read --bytes 16384'));
  const far = bestOf(roundsOf('read --bytes 268435456'));
  assert.ok(far < near, `${far} < ${near}`);
  assert.ok(far > 0.1 && near < 10_000, `${far}, ${near} are GB/s`);
});

test('read: --pass-bytes gives passes a second', () => {
  for (const { value, extra } of roundsOf('read --bytes 65536 --pass-bytes 131072')) {
    assert.ok(Math.abs((value * 131_072) / ((extra?.['gb_per_s'] ?? 0) * 1e9) - 1) < 1e-6);
  }
});

test('copy: rows a second of all threads, and what was copied of them', () => {
  const [alone, two] = ['1', '2'].map((threads) => roundsOf(`copy --rows 5000 --dimensions 100 --threads ${threads}`));
  for (const { value, extra } of [...(alone ?? []), ...(two ?? [])]) {
    assert.ok(Math.abs((value * 400) / ((extra?.['copied_gb_per_s'] ?? 0) * 1e9) - 1) < 1e-6);
    assert.ok((extra?.['copied_gb_per_s'] ?? 0) < 1000);
  }
});

describe('codes', () => {
  for (const kernel of native.availableKernels) {
    test(`${kernel}: bytes of the planes that a method reads, and products of each query`, () => {
      const codes = (method: string) => roundsOf(`codes --kernel ${kernel} --bytes 100000 --dimensions 380 ${method}`);
      const near = (value: number, expected: number) => assert.ok(Math.abs(value / expected - 1) < 1e-6, kernel);
      // 380 dimensions take 48 lines of eight: 192 bytes a row and plane.
      for (const round of codes('--method upper')) near(round.value * 1e9, 192 * rowsPerS(round));
      for (const round of codes('--method whole')) near(round.value * 1e9, 384 * rowsPerS(round));
      for (const round of codes('--method many --queries 5')) {
        near(round.value * 1e9, 5 * 380 * rowsPerS(round));
        near((round.extra?.['code_gb_per_s'] ?? 0) * 1e9, 384 * rowsPerS(round));
      }
    });
  }

  test('the best kernel beats the scalar one by every method', (context) => {
    skipWithScalarAlone(context);
    for (const method of ['upper', 'whole', 'many']) {
      const [best, scalar] = [native.availableKernels[0], 'scalar'].map((kernel) =>
        bestOf(roundsOf(`codes --kernel ${kernel} --method ${method} --bytes ${L2_BYTES}`)),
      );
      assert.ok((best as number) > (scalar as number), `${method}: ${best} > ${scalar}`);
    }
  });

  test('a working set of any number of blocks, several chunks included, with any number of queries', () => {
    for (const bytes of [6144, 20_000, 1_000_000]) {
      roundsOf(`codes --kernel scalar --method many --queries 33 --bytes ${bytes} --threads 2`);
    }
    roundsOf('codes --kernel scalar --method upper --dimensions 1 --bytes 64');
  });
});

test('instructions: every one that is listed runs, at the operations it is said to have', () => {
  const operations: Readonly<Record<string, number>> = {
    fma_ymm: 16,
    vnni_ymm: 64,
    fma_zmm: 32,
    vnni_zmm: 128,
    bf16_zmm: 64,
    bf16_tile: 16_384,
    int8_tile: 32_768,
    fma_neon: 8,
    sdot_neon: 32,
    bf16_neon: 16,
  };
  for (const name of features().instructions) {
    for (const { value, extra } of roundsOf(`instructions --name ${name} --threads 2`)) {
      assert.ok(value < 200, `${name}: ${value} thousand million a second on two threads`);
      const ratio = (extra?.['gop_per_s'] ?? 0) / (value * (operations[name] as number));
      assert.ok(Math.abs(ratio - 1) < PRINTED_ERROR_MAX, `${name}: ${ratio} of its operations`);
    }
  }
});

test('instructions: multiply-adds a second where they are asked for', ({ skip }) => {
  const [name] = features().instructions;
  skip(name === undefined, 'no instruction of this machine is measured');
  for (const { value, extra } of roundsOf(`instructions --name ${name} --unit multiply-adds`)) {
    assert.ok(Math.abs((2 * value) / (extra?.['gop_per_s'] ?? 0) - 1) < 1e-6);
  }
});

test('cache: hits hit, misses miss, and evictions leave what is asked for', () => {
  const cache = (operation: string) =>
    extraOf(roundsOf(`cache --operation ${operation} --entries 2000 --threads 2`), 'hit_rate');
  assert.deepEqual(cache('hit'), [1, 1]);
  assert.deepEqual(cache('miss'), [0, 0]);
  for (const rate of cache('mixed')) assert.ok(rate > 0.9 && rate <= 1, `mixed: ${rate}`);
  for (const rate of cache('zipf')) assert.ok(rate > 0.3 && rate < 0.9, `zipf: ${rate}`);
  for (const rate of cache('zipf --zipf-exponent 0')) assert.ok(rate < 0.2, `a tenth fits: ${rate}`);
});

test('cache memory: what a full one takes of its capacity, in a process of its own each time', () => {
  const rounds = roundsOf('cache --operation memory --entries 40000 --dimensions 384');
  for (const { value, extra } of rounds) {
    assert.ok(value > 0.7 && value < 1.1, `${value} of the capacity`);
    assert.ok((extra?.['capacity_mb'] as number) > 60, 'room for 40,000 entries');
  }
});

test('a round lasts as long as it is told to, and waiting costs no processor time', async () => {
  const child = spawn(program, ['read', '--bytes', '4096', '--threads', '2', '--round-s', '0.2'], { stdio: 'pipe' });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  assert.equal((await lines.next()).value, '{"ready":{}}');
  const start = performance.now();
  child.stdin.write('round\n');
  assert.match(String((await lines.next()).value), /^\{"round":/);
  const took_ms = performance.now() - start;
  assert.ok(took_ms > 190 && took_ms < 2000, `${took_ms} ms`);
  const before_s = processorSeconds(child.pid as number);
  await sleep(500);
  assert.ok(processorSeconds(child.pid as number) - before_s < 0.05);
  child.stdin.end();
  assert.deepEqual(await once(child, 'exit'), [0, null]);
});

test('the end of input ends it', () => {
  assert.deepEqual(run(`read --bytes 4096 --round-s 0.05`), { status: 0, replies: [{ ready: {} }] });
});

test('a line that it does not know ends it with one sentence', () => {
  const { status, replies } = run('read --bytes 4096 --round-s 0.05', ['round', 'wait "a bit"', 'round']);
  assert.deepEqual([status, replies.length], [1, 3]);
  assert.deepEqual(replies[2], { error: `The line 'wait "a bit"' is none of 'round' and 'answers'.` });
});

test('bad arguments end it with one sentence before any work', () => {
  const cases: readonly (readonly [args: string, says: RegExp])[] = [
    ['', /no measure ''/],
    ['fly', /no measure 'fly'; there are features, dot, codes, copy, read, instructions and cache/],
    ['features --bytes 1', /knows no --bytes/],
    ['read', /needs --bytes/],
    ['read --bytes', /--bytes needs a value/],
    ['read --bytes --threads 2', /--bytes needs a value/],
    ['read bytes 4096', /not 'bytes'/],
    ['read --bytes 4096 --bytes 4096', /--bytes is given twice/],
    ['read --bytes 4096 --kernel scalar', /knows no --kernel/],
    ['read --bytes 4k', /--bytes must be a whole number .* not '4k'/],
    ['read --bytes -4096', /not '-4096'/],
    ['read --bytes 99999999999999999999999', /--bytes must be a whole number/],
    ['read --bytes 100', /--bytes must be a whole number from 512 /],
    ['read --bytes 4096 --threads 0', /--threads must be a whole number from 1 to 1024/],
    ['read --bytes 4096 --round-s 0', /--round-s must be a number from 0\.001/],
    ['read --bytes 4096 --round-s nan', /not 'nan'/],
    ['dot --bytes 4096', /needs --kernel/],
    ['dot --kernel abacus --bytes 4096', /no kernel 'abacus', only: .*scalar\./],
    ['dot --kernel scalar --bytes 512', /--bytes must be a whole number from 1536 /],
    ['dot --kernel scalar --bytes 4096 --dimensions 0', /--dimensions must be/],
    ['codes --kernel scalar --bytes 4096', /needs --method/],
    ['codes --kernel scalar --method lower --bytes 4096', /--method must be upper, whole or many, not 'lower'/],
    ['codes --kernel scalar --method whole --queries 2 --bytes 9999', /knows no --queries/],
    ['codes --kernel scalar --method many --queries 0 --bytes 9999', /--queries must be a whole number from 1 to 256/],
    ['codes --kernel scalar --method upper --bytes 3071', /--bytes must be a whole number from 3072 /],
    ['codes --kernel scalar --method whole --bytes 6143', /--bytes must be a whole number from 6144 /],
    ['copy', /needs --rows/],
    ['copy --rows 0', /--rows must be a whole number from 1 /],
    ['copy --rows 5 --seed 1', /knows no --seed/],
    ['read --bytes 4096 --pass-bytes x', /--pass-bytes must be a whole number/],
    ['instructions --name nop', /can't measure 'nop'/],
    ['instructions --name nop --unit tons', /--unit must be instructions or multiply-adds, not 'tons'/],
    ['cache --operation guess --entries 10', /--operation must be hit, miss, .* or copy, not 'guess'/],
    ['cache --operation hit', /needs --entries/],
    ['cache --operation zipf --entries 10 --zipf-exponent -1', /--zipf-exponent must be a number from 0 /],
  ];
  for (const [args, says] of cases) {
    const { status, replies } = run(args, ['round']);
    assert.deepEqual([status, replies.length], [1, 1], args);
    assert.match(replies[0].error, says);
    assert.match(replies[0].error, /^[^\n]*\.$/);
  }
});
