/** The contenders of exact search, as processes: chosen kernels and scans, queries in a row, searches beside upserts. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { createVectorIndex } from '../../src/index/vector-index.ts';
import { native } from '../../src/native/binding.ts';
import { callAtRate } from '../src/contenders/search/call-at-rate.ts';
import { fill, keysOf, waitUntilAtRest } from '../src/contenders/search/search-index.ts';
import { latencyRound } from '../src/contenders/timed-round.ts';
import type { VectorSet } from '../src/data/data-set.ts';
import { writeVectors } from '../src/data/vectors.ts';
import { compareAnswers } from '../src/results/compare.ts';
import { ContenderProcess } from '../src/trial/contender-process.ts';
import type { Answers, Round } from '../src/trial/protocol.ts';
import { ownPrograms } from './support/programs.ts';

const folder = mkdtempSync(join(tmpdir(), 'cosimo-bench-search-'));
const files = { vectors: join(folder, 'rows'), queries: join(folder, 'queries') };
const SET: VectorSet = { kind: 'vectors', source: 'clustered', rows: 3000, queries: 64, dimensions: 48, seed: 3 };
const BEST = native.availableKernels[0] as string;

beforeAll(() => writeVectors(SET, files));
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs one round of the contender. @returns the round and the answers */
async function runSearch(more: Record<string, unknown>, environment?: Record<string, string>) {
  return withContender(more, environment, async (contender) => {
    const round: Round = await contender.round();
    return { round, answers: (await contender.answers()) as Answers };
  });
}

const runRound = (more: Record<string, unknown>) =>
  withContender(more, undefined, async (contender) => ({ round: await contender.round() }));

async function withContender<T>(
  more: Record<string, unknown>,
  environment: Record<string, string> = { COSIMO_KERNEL: '' },
  use: (contender: ContenderProcess) => Promise<T>,
): Promise<T> {
  const { rows, dimensions, queries, seed } = SET;
  const spec = {
    operation: 'search',
    ...files,
    rows,
    dimensions,
    query_count: queries,
    top_k: 10,
    concurrency: 8,
    threads: 2,
    seed,
    round_s: 0.1,
    warm_up_s: 0,
    ...more,
  };
  const command = ownPrograms.commandOf({ kind: 'node', file: 'search/search.ts', spec, environment });
  const { contender } = await ContenderProcess.start(command, new AbortController().signal);
  try {
    return await use(contender);
  } finally {
    await contender.stop();
  }
}

const extra = ({ extra: figures }: Round, name: string) => figures?.[name] ?? Number.NaN;

describe('a search contender', () => {
  test('finds the same by planes and by bytes, at once and in a row, and says how it read', async () => {
    const own = await runSearch({});
    const planes = await runSearch({ scan: 'planes' });
    const bytes = await runSearch({ scan: 'bytes' });
    const inARow = await runSearch({ in_a_row: true });
    for (const { answers } of [planes, bytes, inARow]) {
      assert.equal(compareAnswers('hits', own.answers, answers).same, true);
    }
    assert.equal(extra(planes.round, 'planes_first_rate'), 1);
    assert.ok(extra(planes.round, 'planes_passed_rate') > 0);
    assert.equal(extra(bytes.round, 'planes_first_rate'), 0);
    // 48 dimensions have 48 bytes of codes, and sixteen of numbers; 192 bytes are a row that is scored.
    const read = extra(bytes.round, 'read_bytes_per_row');
    assert.ok(read >= 64 && read < 64 + 8 * 192, `${read} bytes a row`);
    assert.ok(extra(inARow.round, 'read_bytes_per_row') < 64 + 192);
    const ofRows = extra(inARow.round, 'read_bytes_per_row') * SET.rows * inARow.round.value;
    assert.ok(Math.abs(extra(inARow.round, 'read_gb_per_s') / (ofRows / 1e9) - 1) < 1e-9);
    assert.ok(!('planes_passed_rate' in (bytes.round.extra ?? {})));
    assert.ok(extra(own.round, 'searches_per_scan') > 1.5, 'searches at once share scans');
    assert.equal(extra(inARow.round, 'searches_per_scan'), 1);
    assert.ok(extra(inARow.round, 'scored_rows_per_search') >= 10);
  });

  test('runs the kernel that its environment names, and finds the same', async () => {
    const own = await runSearch({});
    const scalar = await runSearch({ kernel: 'scalar' }, { COSIMO_KERNEL: 'scalar' });
    assert.deepEqual(scalar.answers, own.answers);
  });

  test('does not measure another kernel than the one that was wanted', async () => {
    const wanted = /the kernel abacus was wanted, .* would run/;
    await assert.rejects(runSearch({ kernel: 'abacus' }), wanted);
    if (BEST === 'scalar') return;
    const leaked = runSearch({}, { COSIMO_KERNEL: 'scalar' });
    await assert.rejects(leaked, { message: `the kernel ${BEST} was wanted, scalar would run` });
  });
});

describe('searches beside upserts', () => {
  const beside = (more: Record<string, unknown>) =>
    runSearch({ operation: 'search-beside-upserts', concurrency: 1, round_s: 1, ...more });

  test('go on while documents are replaced at the rate that was asked for', async () => {
    const { round } = await beside({ upserts_per_s: 1000 });
    const rate = extra(round, 'upserts_per_s');
    assert.ok(rate > 900 && rate <= 1000, `${rate} upserts a second`);
    assert.equal(round.value, extra(round, 'latency_p99_ms'));
    assert.ok(extra(round, 'latency_p50_ms') <= round.value);
  });

  test('are quiet without', async () => {
    const { round } = await beside({});
    assert.ok(!('upserts_per_s' in (round.extra ?? {})));
    assert.ok(extra(round, 'calls_per_s') > 0 && round.value > 0);
  });
});

describe('searches while rotations are replaced', () => {
  const rows = 16_000; // the chunks that writes and compaction are filling are few of them
  const gaussian = { vectors: join(folder, 'gaussian'), queries: join(folder, 'gaussian-queries') };
  const spec = {
    operation: 'search-beside-rotation',
    concurrency: 1,
    earlier: { vectors: files.vectors, rows: 3000 },
    round_s: 0.1,
    upserts_per_s: 1000,
    scan: 'rotated',
  };

  test('last until the new one has coded all rows', async () => {
    await writeVectors({ ...SET, source: 'gaussian', rows, dimensions: 256 }, gaussian);
    const earlier = { vectors: join(folder, 'clustered'), queries: join(folder, 'clustered-queries') };
    await writeVectors({ ...SET, dimensions: 256 }, earlier);
    const more = { ...spec, ...gaussian, rows, dimensions: 256, earlier: { vectors: earlier.vectors, rows: 3000 } };
    const { round } = await runRound(more);
    assert.ok(extra(round, 'rotations') >= 1, 'another rotation has been adopted');
    assert.ok(extra(round, 'coded_rate') > 0.7, 'all full chunks but those that compaction has filled since');
    assert.ok(extra(round, 'upserts_per_s') > 500);
    assert.equal(round.value, extra(round, 'latency_p99_ms'));
  });

  test('measure nothing where no rotation is replaced', async () => {
    const gaussianOf256 = {
      ...gaussian,
      rows: 700,
      dimensions: 256,
      earlier: { vectors: gaussian.vectors, rows: 1200 },
    };
    const none = /no rotation was replaced during the round/;
    await assert.rejects(runRound({ ...spec, ...gaussianOf256, scan: 'plain' }), none);
    // The first rotation is learned from 1,024 rows or more, another one once there are twice as many.
    await assert.rejects(runRound({ ...spec, ...gaussianOf256, upserts_per_s: 1 }), none);
  });
});

test('an index that was written to has settled once its dead rows are brought back', async () => {
  const index = createVectorIndex(8, 1);
  const keys = keysOf(20_000);
  fill(index, keys, new Float32Array(keys.length * 8).fill(0.5));
  for (let key = 0; key < keys.length; key += 8) index.remove(key);
  const { deadRows } = index.statistics();
  await waitUntilAtRest(index);
  const after = index.statistics();
  index.close();
  assert.ok(deadRows > after.rows / 100, `${deadRows} rows were dead`);
  assert.ok(after.deadRows <= after.rows / 100, `${after.deadRows} rows are dead still`);
});

test('a latency round lasts until there are calls enough for its percentile', async () => {
  let calls = 0;
  const { value, extra: figures } = await latencyRound(0.001, async () => {
    calls += 1;
    if (calls % 20 === 0) await sleep(10);
  });
  assert.equal(calls, 300);
  assert.ok(value > 8, `one call in twenty takes 10 ms: ${value}`);
  assert.ok((figures?.['latency_p50_ms'] ?? Number.NaN) < 5);
});

describe('paced work', () => {
  test('is spread evenly, and ends when it is told to', async () => {
    const at_ms: number[] = [];
    const pace = callAtRate(200, () => at_ms.push(performance.now()));
    await sleep(500);
    const rate = pace.stop();
    const done = at_ms.length;
    await sleep(50);
    assert.equal(at_ms.length, done, 'nothing is done any more');
    assert.ok(rate > 150 && rate <= 200, `${rate} a second`);
    const middle = at_ms.filter((at) => at < (at_ms[0] as number) + 250).length;
    assert.ok(middle > done * 0.3 && middle < done * 0.7, `${middle} of ${done} in the first half`);
  });

  test('makes up for what fell due while the event loop was busy', async () => {
    let done = 0;
    const pace = callAtRate(1000, () => (done += 1));
    const end_ms = performance.now() + 200;
    while (performance.now() < end_ms);
    assert.equal(done, 0);
    await sleep(20);
    pace.stop();
    assert.ok(done >= 200, `${done} steps`);
  });
});
