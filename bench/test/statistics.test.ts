/** The arithmetic behind every figure that the benchmark prints. */
import assert from 'node:assert/strict';
import { test } from 'vitest';
import { compareWithBaseline } from '../src/report/baseline.ts';
import { figure, trialLines } from '../src/report/format.ts';
import { compareAnswers, compareHits, compareVectors } from '../src/results/compare.ts';
import type { SuiteResult } from '../src/results/results.ts';
import { ratiosTo, STABLE_SPREAD, summarize } from '../src/results/statistics.ts';
import { failuresOf } from '../src/results/verdict.ts';
import { contenderResult, suiteResult, trialResult } from './support/bench-results.ts';

test('a summary has median, extremes and the distance of the quartiles', () => {
  const summary = summarize([10, 30, 20, 40, 50]);
  assert.deepEqual(summary, { median: 30, lowest: 10, highest: 50, spread: 20 / 30, rounds: 5, stable: false });
  assert.equal(summarize([]), undefined);
});

test('a result is stable when the middle half of at least three rounds lies close together', () => {
  assert.equal(summarize([100, 101, 99, 100, 500])?.stable, true, 'one outlier among five is not the middle half');
  assert.equal(summarize([100, 120, 80, 100, 100])?.stable, true);
  assert.equal(summarize([100, 120, 80, 90, 110])?.stable, false);
  assert.equal(summarize([100, 100])?.stable, false, 'two rounds say nothing of spread');
  const edge = 100 * STABLE_SPREAD;
  assert.equal(summarize([100 - edge / 2, 100, 100 + edge / 2])?.stable, true);
});

test('ratios are made round by round, and above 1 the subject is ahead whichever way is better', () => {
  const subject = contenderResult('own', 'subject', [20, 30, 40]);
  const peer = contenderResult('peer', 'peer', [10, 10, 20]);
  const trial = trialResult([subject, peer]);
  assert.deepEqual(ratiosTo(trial, peer), [2, 3, 2]);
  assert.deepEqual(ratiosTo({ ...trial, better: 'lower' }, peer), [0.5, 1 / 3, 0.5]);
  assert.deepEqual(ratiosTo(trial, subject), [], 'none to itself');
  assert.deepEqual(ratiosTo(trial, { ...peer, rounds: [] }), [], 'none to what is missing');
  const withoutSubject = trialResult([{ ...subject, role: 'reference' }, peer]);
  assert.deepEqual(ratiosTo(withoutSubject, peer), []);
});

test('a line says missing, failed and not stable in words', () => {
  const lines = trialLines(
    trialResult([
      contenderResult('own', 'subject', [100, 100, 100]),
      contenderResult('wide', 'peer', [10, 20, 90]),
      { name: 'absent', role: 'peer', status: 'missing', reason: 'not installed', rounds: [] },
      { name: 'broken', role: 'peer', status: 'failed', reason: 'ended with 1', rounds: [] },
    ]),
  );
  assert.match(lines[1] as string, /^ {2}own +100 \(100–100\) units\/s$/);
  assert.match(
    lines[2] as string,
    /20 \(10–90\) units\/s not stable \(spread \d+%\); ratio 5 \(1\.11–10\) not stable \(spread \d+%\)/,
  );
  assert.match(lines[3] as string, /absent +missing: not installed/);
  assert.match(lines[4] as string, /broken +failed: ended with 1/);
});

test('figures have three digits, or four before a comma', () => {
  assert.deepEqual([0.012345, 1.2345, 123.45, 1234.5, 123456].map(figure), [
    '0.0123',
    '1.23',
    '123',
    '1,235',
    '123,500',
  ]);
});

test('hits agree by score and by id, but where scores tie', () => {
  const own = { ids: [[1, 2, 3]], scores: [[0.9, 0.5, 0.5]] };
  assert.match(compareHits(own, own).sentence, /^same hits for 1 queries, scores within 0e\+0$/);
  const swapped = compareHits(own, { ids: [[1, 3, 2]], scores: [[0.9, 0.5, 0.5]] });
  assert.equal(swapped.same, true);
  assert.match(swapped.sentence, /ties in another order for 1/);
  assert.equal(
    compareHits(own, { ids: [[1, 2, 7]], scores: [[0.9, 0.5, 0.5]] }).same,
    true,
    'a tie for the last place',
  );
  assert.equal(compareHits(own, { ids: [[7, 2, 3]], scores: [[0.9, 0.5, 0.5]] }).same, false, 'another best row');
  assert.equal(compareHits(own, { ids: [[1, 2, 3]], scores: [[0.9, 0.5, 0.4]] }).same, false, 'another score');
  assert.equal(compareHits(own, { ids: [[1, 2]], scores: [[0.9, 0.5]] }).same, false, 'a hit too few');
  assert.equal(compareHits(own, { ids: [], scores: [] }).same, false, 'a query too few');
  assert.equal(compareHits(own, { ids: [[1, 2, 2]], scores: [[0.9, 0.5, 0.5]] }).same, false, 'a row twice');
});

test('vectors agree by cosine', () => {
  const own = {
    vectors: [
      [1, 0],
      [0, 1],
    ],
  };
  const tilted = (by: number) => ({
    vectors: [
      [1, by],
      [0, 1],
    ],
  });
  assert.match(compareVectors(own, own).sentence, /mean 1\.000000, worst 1\.000000/);
  assert.equal(compareVectors(own, tilted(0.005)).same, true);
  assert.equal(compareVectors(own, tilted(0.1)).same, false, 'not what float32 gives');
  assert.equal(compareVectors(own, tilted(0.1), 0.95).same, true, 'what int8 may give');
  assert.match(compareVectors(own, tilted(1)).sentence, /worst 0\.707107/);
  assert.equal(compareVectors(own, { vectors: [[1, 0]] }).same, false, 'a vector too few');
  assert.equal(compareVectors({ vectors: [] }, { vectors: [] }).same, false, 'none at all');
  assert.equal(compareVectors(own, { vectors: [[1], [0, 1]] }).same, false, 'a component too few');
  assert.equal(compareAnswers('vectors', own, null).same, false, 'no answer');
});

test('a run fails by what of ours was not measured and by answers that differ, not by a missing peer', () => {
  const good = contenderResult('own', 'subject', [1, 1, 1]);
  const faults = (...contenders: Parameters<typeof trialResult>[0][number][]) =>
    failuresOf(suiteResult([trialResult(contenders)]));
  assert.deepEqual(faults(good, { name: 'p', role: 'peer', status: 'missing', reason: 'x', rounds: [] }), []);
  assert.deepEqual(faults(good, { name: 'p', role: 'peer', status: 'failed', reason: 'x', rounds: [] }), []);
  assert.match(faults({ ...good, status: 'failed', reason: 'x' })[0] as string, /kernels: trial: own failed: x/);
  const missing = { ...good, status: 'missing' as const, reason: 'x', rounds: [] };
  assert.match(faults(missing)[0] as string, /own missing: x/, 'its program is missing');
  const withoutData = suiteResult([trialResult([missing], { withoutData: true })]);
  assert.deepEqual(failuresOf(withoutData), [], 'its data is missing');
  assert.match(
    faults(good, { ...good, name: 'limit', role: 'reference', status: 'partial', reason: 'y' })[0] as string,
    /limit partial: y/,
  );
  const differs = { ...good, name: 'p', role: 'peer' as const, agreement: { same: false, sentence: 'other hits' } };
  assert.match(faults(good, differs)[0] as string, /p differs: other hits/);
});

test('the guard finds a fallen ratio, bears a wide spread, and says what it could not compare', () => {
  const run = (own: number[], peer: number[]) =>
    suiteResult([trialResult([contenderResult('own', 'subject', own), contenderResult('peer', 'peer', peer)])]);
  const stored = [run([200, 200, 200], [100, 100, 100])];
  const compare = (own: number[]) => compareWithBaseline([run(own, [100, 100, 100])], stored, 0.2);
  assert.equal(compare([200, 200, 200]).regressions, 0);
  assert.equal(compare([161, 161, 161]).regressions, 0, 'within the tolerance');
  const fallen = compare([159, 159, 159]);
  assert.equal(fallen.regressions, 1);
  assert.match(fallen.lines[0] as string, /^FALLEN .*kernels: trial: to peer: 2× → 1\.59×/);
  const wide = compare([100, 150, 190]);
  assert.equal(wide.regressions, 0, 'the best round is within the tolerance');
  assert.match(wide.lines[0] as string, /^not stable/);
  assert.equal(compare([50, 80, 100]).regressions, 1, 'even the best round is below');
  const withoutPeer = suiteResult([trialResult([contenderResult('own', 'subject', [200, 200, 200])])]);
  const alone = compareWithBaseline([withoutPeer], stored, 0.2);
  assert.deepEqual([alone.compared, alone.regressions], [0, 0]);
  assert.match(alone.lines[0] as string, /^not measured now +kernels: trial: to peer/);
  const otherwise = (parts: Partial<SuiteResult>) => () =>
    compareWithBaseline([{ ...(stored[0] as SuiteResult), ...parts }], stored, 0.2);
  assert.throws(otherwise({ quick: true }), /the stored run has quick false, this one true/);
  assert.throws(otherwise({ seed: 2 }), /the stored run has seed 1, this one 2/);
  const wideThen = [run([150, 200, 250], [100, 100, 100])];
  const against = compareWithBaseline([run([130, 130, 130], [100, 100, 100])], wideThen, 0.2);
  assert.equal(against.regressions, 0, 'above what the worst stored round allows');
});
