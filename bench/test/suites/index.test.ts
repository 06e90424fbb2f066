/** The trials of the suite `index`. */
import assert from 'node:assert/strict';
import { describe, test } from 'vitest';
import { nameOf } from '../../src/data/data-set.ts';
import { SUITES } from '../../src/suites/suites.ts';
import { argumentsOf, contenderOf, namesOf, OPTIONS, suiteOf, valuesOf } from '../support/suites.ts';

test('index: all combinations of rows, k, queries at once and threads; five kinds of rows; writes', () => {
  const trials = suiteOf('index');
  const gaussian = trials.filter(({ parameters }) => parameters['source'] === 'gaussian');
  assert.equal(gaussian.length, 3 * 3 * 3 * 2);
  assert.deepEqual(valuesOf(gaussian, 'rows'), new Set([10_000, 100_000, 1_000_000]));
  assert.deepEqual(valuesOf(gaussian, 'k'), new Set([1, 10, 100]));
  assert.deepEqual(valuesOf(gaussian, 'queries at once'), new Set([1, 8, 64]));
  const sources = ['gaussian', 'clustered', 'near-duplicates', 'sentences', 'documentation'];
  for (const source of sources) assert.ok(valuesOf(trials, 'source').has(source), source);
  for (const operation of ['build', 'upsert', 'delete']) {
    assert.equal(trials.filter(({ parameters }) => parameters['operation'] === operation).length, 3);
  }
  const searches = trials.filter(({ parameters }) => parameters['operation'] === 'search');
  assert.ok(searches.every(({ compare }) => compare === 'hits'));
  const peers = new Set(
    searches.flatMap(({ contenders }) => contenders.filter(({ role }) => role === 'peer').map(({ name }) => name)),
  );
  assert.deepEqual(peers, new Set(['FAISS', 'FAISS, BLAS always', 'NumPy', 'usearch']));
});

describe('index: the references of searches', () => {
  const trials = suiteOf('index');
  const large = [
    ['gaussian', 1_000_000],
    ['clustered', 1_000_000],
    ['sentences', 50_000],
    ['documentation', 10_000],
    ['documentation', 60_000],
    ['documentation', 1_000_000],
  ] as const;

  for (const [source, rows] of large) {
    const idOf = (queries: number, threads: number) =>
      `search ${source} rows=${rows} k=10 queries=${queries} threads=${threads}`;

    test(`${rows} ${source}: one query of one thread, to both ways to scan, AVX2, and reading a byte a dimension`, () => {
      const given = (name: string) => argumentsOf(contenderOf(trials, idOf(1, 1), name));
      const own = given('Cosimo');
      assert.equal(own['scan'], undefined);
      assert.deepEqual(given('Cosimo, plain'), { ...own, scan: 'plain' });
      assert.deepEqual(given('Cosimo, planes'), { ...own, scan: 'planes' });
      assert.deepEqual(given('Cosimo, bytes'), { ...own, scan: 'bytes' });
      assert.deepEqual(given('Cosimo, AVX2'), { ...own, kernel: 'avx2' });
      const { program } = contenderOf(trials, idOf(1, 1), 'Cosimo, AVX2');
      assert.deepEqual(program.kind === 'node' && program.environment, { COSIMO_KERNEL: 'avx2' });
      const bytes = String(rows * 384);
      const reading = { measure: 'read', bytes, 'pass-bytes': bytes, threads: '1', 'round-s': '0.3' };
      assert.deepEqual(given('reading the codes'), reading);
    });

    test(`${rows} ${source}: one query of all threads, to plain codes, one thread and what all of them read`, () => {
      const given = (name: string) => argumentsOf(contenderOf(trials, idOf(1, 2), name));
      assert.deepEqual(given('Cosimo, 1 thread'), { ...given('Cosimo'), threads: 1 });
      assert.deepEqual(given('Cosimo, plain'), { ...given('Cosimo'), scan: 'plain' });
      const { bytes, threads, 'pass-bytes': pass } = given('reading the codes');
      assert.deepEqual([bytes, threads, pass], [String((rows * 384) / 2), '2', String(rows * 384)]);
    });

    test(`${rows} ${source}: 64 at once, to the same queries in a row`, () => {
      const given = (name: string) => argumentsOf(contenderOf(trials, idOf(64, 2), name));
      assert.equal(given('Cosimo')['concurrency'], 64);
      assert.deepEqual(given('Cosimo, in a row'), { ...given('Cosimo'), in_a_row: true });
      assert.deepEqual(given('Cosimo, plain'), { ...given('Cosimo'), scan: 'plain' });
    });
  }

  test('only a contender that says so runs another kernel or another scan than the service would', () => {
    for (const { contenders } of trials) {
      for (const contender of contenders.filter(({ role }) => role !== 'peer')) {
        const { scan, kernel, in_a_row } = argumentsOf(contender);
        const said = /, (plain|planes|bytes|AVX2|in a row)$/.exec(contender.name)?.[1];
        const given = [scan, kernel === 'avx2' && 'AVX2', in_a_row === true && 'in a row'].find((value) => value);
        assert.equal(given, said, contender.name);
        const environment = contender.program.kind === 'node' ? contender.program.environment : undefined;
        assert.equal(environment?.['COSIMO_KERNEL'], kernel, contender.name);
      }
    }
  });

  test('AVX2 is forced where there is a better kernel and the CPU has it', () => {
    const namesWith = (kernels: readonly string[]) => {
      const cpu = { ...OPTIONS.cpu, kernels, active_kernel: kernels[0] as string };
      return namesOf(SUITES.find(({ name }) => name === 'index')?.trials({ ...OPTIONS, cpu }) ?? []);
    };
    assert.ok(namesWith(['amx', 'avx512', 'avx2', 'scalar']).has('Cosimo, AVX2'));
    assert.ok(!namesWith(['avx2', 'scalar']).has('Cosimo, AVX2'));
    assert.ok(!namesWith(['neon', 'scalar']).has('Cosimo, AVX2'));
  });

  test('--quick runs every kind of contender', () => {
    const quick = SUITES.find(({ name }) => name === 'index')?.trials({ ...OPTIONS, quick: true }) ?? [];
    const left = [...namesOf(trials)].filter((name) => !namesOf(quick).has(name));
    assert.deepEqual(left, ['while rotating and upserting 1,000/s'], 'few rows are never rotated');
  });
});

test('index: searches beside upserts are compared with quiet ones, a build with a copy of as many rows', () => {
  const trials = suiteOf('index');
  const beside = trials.find(({ id }) => id === 'search beside upserts rows=1000000');
  const [subject, quiet, ...others] = beside?.contenders ?? [];
  assert.ok(subject && quiet);
  assert.deepEqual([others, beside?.better, beside?.unit], [[], 'lower', 'ms']);
  assert.deepEqual([subject.name, quiet.name], ['while upserting 1,000/s', 'quiet']);
  assert.deepEqual(argumentsOf(subject), { ...argumentsOf(quiet), upserts_per_s: 1000 });
  for (const rows of [10_000, 100_000, 1_000_000]) {
    const copy = argumentsOf(contenderOf(trials, `build rows=${rows}`, 'copy and quantize, 1 thread'));
    assert.deepEqual([copy['measure'], copy['rows'], copy['dimensions']], ['copy', String(rows), '384']);
  }
});

test('index: searches while rotations are replaced have more rows of another kind; the reference has the same rows at rest', () => {
  const trial = suiteOf('index').find(({ id }) => id === 'search beside a new rotation rows=1000000');
  const [own, quiet, ...others] = (trial?.contenders ?? []).map(argumentsOf);
  assert.deepEqual(others, []);
  assert.match(String(own?.['vectors']), /documentation-1000000/);
  assert.match(JSON.stringify(own?.['earlier']), /clustered-100000x.*"rows":100000}/);
  assert.deepEqual(
    trial?.data.map((set) => nameOf(set).replace(/x.*/, '')),
    ['vectors-documentation-1000000', 'vectors-clustered-100000'],
  );
  assert.deepEqual(own, { ...quiet, operation: 'search-beside-rotation', upserts_per_s: 1000 });
  assert.equal(quiet?.['operation'], 'search-beside-upserts');
});
