/** Medians, spreads and ratios of rounds. */
import { max, median, min, quantileSorted } from 'simple-statistics';
import type { ContenderResult, TrialResult } from './results.ts';

/** A result is stable when the middle half of its rounds spreads less than this part of the median. */
export const STABLE_SPREAD = 0.1;
const ROUNDS_MIN = 3;

export interface Summary {
  readonly median: number;
  readonly lowest: number;
  readonly highest: number;
  /** Distance of the quartiles as a part of the median. */
  readonly spread: number;
  readonly rounds: number;
  /** False when the spread is wide or there are fewer than three rounds. */
  readonly stable: boolean;
}

/** @returns undefined when there is nothing to summarize */
export function summarize(values: readonly number[]): Summary | undefined {
  if (values.length === 0) return undefined;
  const sorted = values.toSorted((a, b) => a - b);
  const middle = median(sorted);
  const spread = (quantileSorted(sorted, 0.75) - quantileSorted(sorted, 0.25)) / middle;
  const stable = values.length >= ROUNDS_MIN && spread <= STABLE_SPREAD;
  return { median: middle, lowest: min(sorted), highest: max(sorted), spread, rounds: values.length, stable };
}

export const valuesOf = (contender: ContenderResult): number[] => contender.rounds.map(({ value }) => value);

/** Median of a further figure over the rounds. */
export function medianExtra(contender: ContenderResult, name: string): number | undefined {
  const values = contender.rounds.flatMap(({ extra }) => extra?.[name] ?? []);
  return values.length === 0 ? undefined : median(values);
}

/**
 * How many times better the trial's subject is than `contender`, round by round: above 1 the subject is ahead, whether
 * more is better or less.
 */
export function ratiosTo(trial: TrialResult, contender: ContenderResult): number[] {
  const [subject] = trial.contenders;
  if (subject === undefined || subject.role !== 'subject' || subject === contender) return [];
  const pairs = Math.min(subject.rounds.length, contender.rounds.length);
  return Array.from({ length: pairs }, (_, at) => {
    const [own, other] = [subject.rounds[at]?.value as number, contender.rounds[at]?.value as number];
    return trial.better === 'higher' ? own / other : other / own;
  });
}
