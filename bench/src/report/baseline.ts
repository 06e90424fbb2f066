/** The guard against regressions: ratios of this run beside those of a stored run. */
import { readFileSync } from 'node:fs';
import { RESULT_FORMAT, type SuiteResult, type TrialResult } from '../results/results.ts';
import { ratiosTo, type Summary, summarize } from '../results/statistics.ts';
import { figure, percent } from './format.ts';

export interface GuardReport {
  readonly lines: readonly string[];
  readonly regressions: number;
  readonly compared: number;
}

/** @throws Error in a sentence when the file is no stored run */
export function readResults(path: string): SuiteResult[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new Error(`${path} cannot be read as a stored run: ${(error as Error).message}`);
  }
  const results = (Array.isArray(parsed) ? parsed : [parsed]) as SuiteResult[];
  if (
    results.length === 0 ||
    !results.every((result) => result?.format === RESULT_FORMAT && Array.isArray(result.trials))
  ) {
    throw new Error(`${path} is no stored run of format ${RESULT_FORMAT}`);
  }
  return results;
}

/**
 * A ratio has fallen when it is below the stored one by more than `tolerance`. Medians are compared. With a wide
 * spread, this run's best round is compared with the stored worst. Stored pairs that this run lacks are listed.
 *
 * @param tolerance 0.2 lets a ratio fall to 80% of what it was
 * @throws Error in a sentence when the runs were made under other conditions
 */
export function compareWithBaseline(
  now: readonly SuiteResult[],
  before: readonly SuiteResult[],
  tolerance: number,
): GuardReport {
  for (const result of now) refuseOtherConditions(result, before);
  const own = ratiosOf(now);
  const stored = ratiosOf(before.filter(({ suite }) => now.some((result) => result.suite === suite)));
  const lines: string[] = [];
  let [regressions, compared, unmeasured] = [0, 0, 0];
  for (const [pair, then] of stored) {
    const current = own.get(pair);
    if (current === undefined) {
      unmeasured += 1;
      lines.push(`not measured now   ${pair}`);
      continue;
    }
    compared += 1;
    const best = current.stable ? current.median : current.highest;
    const fallen = best < (then.stable ? then.median : then.lowest) * (1 - tolerance);
    if (fallen) regressions += 1;
    const change = `${figure(then.median)}× → ${figure(current.median)}×`;
    if (fallen) lines.push(`FALLEN             ${pair}: ${change}`);
    else if (!current.stable) lines.push(`not stable         ${pair}: ${change}`);
  }
  lines.push(
    `${compared} ratios compared with the stored run, ${regressions} fallen by more than ${percent(tolerance)}, ` +
      `${unmeasured} not measured now`,
  );
  return { lines, regressions, compared };
}

function refuseOtherConditions(now: SuiteResult, stored: readonly SuiteResult[]): void {
  const then = stored.find(({ suite }) => suite === now.suite);
  if (then === undefined) return;
  const differs = (['quick', 'seed'] as const).find((name) => then[name] !== now[name]);
  if (differs === undefined) return;
  throw new Error(
    `${now.suite}: the stored run has ${differs} ${then[differs]}, this one ${now[differs]}: they can't be compared`,
  );
}

function ratiosOf(results: readonly SuiteResult[]): Map<string, Summary> {
  const found = new Map<string, Summary>();
  for (const { suite, trials } of results) {
    for (const trial of trials) {
      for (const [name, summary] of pairsOf(trial)) found.set(`${suite}: ${trial.id}: to ${name}`, summary);
    }
  }
  return found;
}

function pairsOf(trial: TrialResult): [string, Summary][] {
  return trial.contenders.flatMap((contender) => {
    const summary = summarize(ratiosTo(trial, contender));
    return summary === undefined ? [] : [[contender.name, summary] as [string, Summary]];
  });
}
