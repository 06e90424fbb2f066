/** Reports and charts of made-up results. */
import assert from 'node:assert/strict';
import { describe, test } from 'vitest';
import { drawChart, shortNames } from '../src/report/charts.ts';
import { markdownReport } from '../src/report/markdown.ts';
import type { ChartSpec } from '../src/trial/trial.ts';
import { contenderResult, suiteResult, trialResult } from './support/bench-results.ts';

const own = contenderResult('Cosimo', 'subject', [200, 201, 202]);
const peer = contenderResult('Peer', 'peer', [100, 100, 101]);
const wide = contenderResult('Wide', 'peer', [10, 50, 100]);

function trial(clients: number, ...contenders: ReturnType<typeof contenderResult>[]) {
  return trialResult(contenders, { id: `search clients=${clients}`, parameters: { measure: 'x', clients, kind: 'a' } });
}

describe('a Markdown report', () => {
  const absent = { name: 'Absent', role: 'peer' as const, status: 'missing' as const, reason: 'no Python', rounds: [] };
  const broken = { ...peer, status: 'partial' as const, reason: 'interrupted' };
  const differing = { ...wide, agreement: { same: false, sentence: 'other hits for 3 of 64 queries' } };
  const report = markdownReport(suiteResult([trial(1, own, absent, differing), trial(16, own, broken)]), [
    { name: 'kernels-x', title: 'A chart' },
  ]);

  test('has a cell for every contender, never a blank', () => {
    assert.match(report, /\| \| Cosimo \| Absent \| Wide \| Peer \|/);
    assert.match(report, /\| search clients=1 \| 201 \| missing \| 50 † \(4\.02× †\) \| not compared \|/);
    assert.match(report, /\| search clients=16 \| 201 \| not compared \| not compared \| 100 \(2(\.01)?×\) partial \|/);
  });

  test('says why, how far rounds lay apart, and on what it was measured', () => {
    assert.match(report, /- Absent: missing, no Python \(search clients=1\)/);
    assert.match(report, /- Peer: partial, interrupted \(search clients=16\)/);
    assert.match(report, /- Wide: \*\*differs\*\*, other hits for 3 of 64 queries/);
    assert.match(report, /\| search clients=1 \| Wide \| 10 \| 100 \|/);
    for (const fact of [
      'A CPU, 2 cores',
      'search kernel avx2',
      'commit abcdef0',
      'seed 1',
      '0 0 0 before',
      '3 rounds',
    ]) {
      assert.ok(report.includes(fact), fact);
    }
    assert.ok(report.includes('![A chart](kernels-x.svg)'));
    assert.ok(!report.includes('--quick') && !report.includes('**Partial'));
  });

  test('says each thing once that contenders said of themselves', () => {
    const saying = (name: string, encoder: string) => ({ ...own, name, versions: { encoder, torch: '2.0' } });
    const said = markdownReport(
      suiteResult([trial(1, saying('a', 'fp32'), saying('b', 'bf16'), saying('c', 'fp32'))]),
      [],
    );
    assert.match(said, /^versions {2}encoder fp32, torch 2\.0, encoder bf16$/m);
  });

  test('warns of quick and partial runs', () => {
    const warned = markdownReport(suiteResult([trial(1, own)], { quick: true, partial: true }), []);
    assert.match(warned, /\*\*Made with `--quick`/);
    assert.match(warned, /\*\*Partial/);
  });
});

describe('a chart', () => {
  const result = suiteResult([trial(1, own, peer), trial(16, own, wide)]);
  const draw = (kind: ChartSpec['kind'], where: ChartSpec['where'] = { measure: 'x' }) =>
    drawChart({ name: 'c', title: 'Title of it', where, kind }, result);
  const kinds: ChartSpec['kind'][] = [
    { type: 'bars', axis: 'linear' },
    { type: 'bars', axis: 'log' },
    { type: 'lines', over: 'clients', series: 'kind' },
    { type: 'ratios' },
  ];

  for (const kind of kinds) {
    test(`of ${Object.values(kind).join(', ')} shows every contender`, () => {
      const chart = draw(kind);
      assert.ok(chart);
      for (const text of ['Title of it', 'Peer', 'Wide', 'A CPU, 2 cores']) assert.ok(chart.svg.includes(text), text);
      assert.equal(chart.png.subarray(1, 4).toString(), 'PNG');
      assert.ok(chart.png.length > 20_000, 'letters are drawn');
    });
  }

  test('shows only the roles that it is of', () => {
    const reference = contenderResult('Limit', 'reference', [300, 301, 302]);
    const held = suiteResult([trial(1, own, reference, peer)]);
    const shown = (roles?: ChartSpec['roles']) => {
      const spec: ChartSpec = { name: 'c', title: 'T', where: {}, kind: { type: 'ratios' }, ...(roles && { roles }) };
      const svg = drawChart(spec, held)?.svg ?? '';
      return ['Limit', 'Peer'].filter((name) => svg.includes(name));
    };
    assert.deepEqual(shown(), ['Limit', 'Peer']);
    assert.deepEqual(shown(['subject', 'peer']), ['Peer']);
  });

  test('of a further figure shows its unit, and only the contenders that it names', () => {
    const reading = (bytes: number) => [{ value: 1, extra: { bytes_read: bytes } }];
    const held = suiteResult([trial(1, { ...own, rounds: reading(7654) }, { ...peer, rounds: reading(9) })]);
    const kind = { type: 'bars', axis: 'linear', figure: 'bytes_read', unit: 'bytes of it' } as const;
    const svg = drawChart({ name: 'c', title: 'T', where: {}, contenders: [own.name], kind }, held)?.svg ?? '';
    assert.ok(svg.includes('bytes of it') && !svg.includes('Peer'));
    assert.match(svg, />8,000</, 'the axis reaches the figure');
  });

  test('names trials by what tells them apart', () => {
    const names = (...ids: string[]) => shortNames(ids.map((id) => ({ id })));
    assert.deepEqual(names('search a rows=1 k=10', 'search b rows=1 k=10'), ['a', 'b']);
    assert.deepEqual(names('search a rows=1 k=10', 'search a rows=2 k=10'), ['rows=1', 'rows=2']);
    assert.deepEqual(names('GET /a: clients=2', 'POST /a, b: clients=2'), ['GET /a', 'POST /a, b']);
    assert.deepEqual(names('dot 16 KiB threads=1'), ['dot 16 KiB threads=1']);
    assert.deepEqual(names('dot 1 GiB in all', 'dot 1 GiB'), ['in all', 'dot 1 GiB'], 'never without a name');
  });

  test('of percentiles shows those that were measured', () => {
    const rounds = [{ value: 1, extra: { latency_p50_ms: 2, latency_p90_ms: 5 } }];
    const latencies = suiteResult([trial(1, { ...own, rounds })]);
    const spec: ChartSpec = { name: 'c', title: 'T', where: {}, kind: { type: 'percentiles' } };
    assert.match(drawChart(spec, latencies)?.svg ?? '', /p99\.9/);
  });

  test('is left out where nothing was measured for it', () => {
    assert.equal(draw({ type: 'bars', axis: 'linear' }, { measure: 'other' }), undefined);
    const alone = suiteResult([trial(1, own)]);
    assert.equal(drawChart({ name: 'c', title: 'T', where: {}, kind: { type: 'ratios' } }, alone), undefined);
    const empty = suiteResult([trial(1, { ...own, rounds: [] })]);
    assert.equal(
      drawChart({ name: 'c', title: 'T', where: {}, kind: { type: 'bars', axis: 'log' } }, empty),
      undefined,
    );
  });
});
