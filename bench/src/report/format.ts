/** How figures are written, on the terminal and in reports alike. */
import type { ContenderResult, TrialResult } from '../results/results.ts';
import { medianExtra, ratiosTo, STABLE_SPREAD, type Summary, summarize, valuesOf } from '../results/statistics.ts';

/** Three significant digits, thousands apart. */
export function figure(value: number): string {
  if (value >= 1000) return Math.round(Number(value.toPrecision(4))).toLocaleString('en');
  return Number(value.toPrecision(3)).toString();
}

/** `12.3 (11.9–12.8)`: median, lowest and highest. */
export function spread({ median, lowest, highest }: Summary): string {
  return `${figure(median)} (${figure(lowest)}–${figure(highest)})`;
}

export const percent = (part: number) => `${Math.round(part * 100)}%`;

/** The ratio; one that is not stable says so and why. */
function ratioText(summary: Summary): string {
  const text = spread(summary);
  return summary.stable ? text : `${text} not stable (${whyUnstable(summary)})`;
}

function whyUnstable({ spread, rounds }: Summary): string {
  return spread > STABLE_SPREAD ? `spread ${percent(spread)}` : `${rounds} rounds`;
}

/** A line for each contender of a trial, for the terminal; ratios say how many times better the first one is. */
export function trialLines(trial: TrialResult): string[] {
  return [trial.id, ...trial.contenders.flatMap((contender) => contenderLines(trial, contender))];
}

function contenderLines(trial: TrialResult, contender: ContenderResult): string[] {
  const further = Object.keys(contender.rounds[0]?.extra ?? {}).map(
    (name) => `${name} ${figure(medianExtra(contender, name) as number)}`,
  );
  const lines = [`  ${contenderLine(trial, contender)}`];
  return further.length === 0 ? lines : [...lines, `  ${' '.repeat(NAME_CHARS)} ${further.join(', ')}`];
}

const NAME_CHARS = 34;

function contenderLine(trial: TrialResult, contender: ContenderResult): string {
  const name = contender.name.padEnd(NAME_CHARS);
  const values = summarize(valuesOf(contender));
  if (values === undefined) return `${name} ${contender.status}: ${contender.reason ?? 'no reason given'}`;
  const parts = [`${spread(values)} ${trial.unit}${values.stable ? '' : ` not stable (${whyUnstable(values)})`}`];
  const ratio = summarize(ratiosTo(trial, contender));
  if (ratio !== undefined) parts.push(`ratio ${ratioText(ratio)}`);
  if (contender.status === 'partial') parts.push(`partial: ${contender.reason ?? ''}`);
  if (contender.agreement !== undefined) parts.push(contender.agreement.sentence);
  return `${name} ${parts.join('; ')}`;
}
