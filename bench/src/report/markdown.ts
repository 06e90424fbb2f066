/** The report of a suite: the machine, the charts, a table for each group, and what is missing and why. */

import { machineLines } from '../environment/machine.ts';
import type { ContenderResult, SuiteResult, TrialResult } from '../results/results.ts';
import { medianExtra, ratiosTo, STABLE_SPREAD, type Summary, summarize, valuesOf } from '../results/statistics.ts';
import { figure, percent } from './format.ts';

const UNSTABLE = '†';

/** @param charts names of the files, `.svg` left out */
export function markdownReport(result: SuiteResult, charts: readonly { name: string; title: string }[]): string {
  const groups = Map.groupBy(result.trials, ({ group }) => group);
  return [
    `# Benchmark: ${result.suite}`,
    '',
    ...warnings(result),
    ...machineBlock(result),
    ...charts.flatMap(({ name, title }) => [`![${title}](${name}.svg)`, '']),
    ...[...groups].flatMap(([group, trials]) => groupSection(group, trials)),
  ].join('\n');
}

function warnings({ quick, partial }: SuiteResult): string[] {
  const lines: string[] = [];
  if (quick) lines.push('**Made with `--quick`: shows that everything runs, measures nothing.**', '');
  if (partial) lines.push('**Partial: not every trial of the suite ran to its end.**', '');
  return lines;
}

function machineBlock(result: SuiteResult): string[] {
  return [
    `${result.date.slice(0, 10)}, \`${result.command}\`, ${result.rounds} rounds by turns, each contender a process of its own.`,
    '',
    '```',
    ...machineLines(result.machine, result.seed),
    ...versionLines(result),
    '```',
    '',
    `A cell holds the median of the rounds and, in brackets, how many times better the first column is (median of the ` +
      `ratios round by round; for times less is better). ${UNSTABLE}: not stable, the middle half of the rounds spreads by more ` +
      `than ${percent(STABLE_SPREAD)} of the median, or the rounds are fewer than three; take it as an order of magnitude.`,
    '',
  ];
}

/** The versions that contenders reported, each once. */
function versionLines({ trials }: SuiteResult): string[] {
  const contenders = trials.flatMap(({ contenders }) => contenders);
  const said = contenders.flatMap(({ versions = {} }) =>
    Object.entries(versions).map(([name, version]) => `${name} ${version}`),
  );
  return said.length === 0 ? [] : [`versions  ${[...new Set(said)].join(', ')}`];
}

function groupSection(group: string, trials: readonly TrialResult[]): string[] {
  const names = [...new Set(trials.flatMap(({ contenders }) => contenders.map(({ name }) => name)))];
  const units = [...new Set(trials.map(({ unit }) => unit))];
  const cells = (trial: TrialResult) =>
    names.map((name) => {
      const contender = trial.contenders.find((other) => other.name === name);
      return contender === undefined ? 'not compared' : cell(trial, contender);
    });
  const rowName = (trial: TrialResult) => (units.length > 1 ? `${trial.id} (${trial.unit})` : trial.id);
  return [
    `## ${group}${units.length === 1 ? `, ${units[0]}` : ''}`,
    '',
    `| | ${names.join(' | ')} |`,
    `|---|${names.map(() => '--:|').join('')}`,
    ...trials.map((trial) => `| ${rowName(trial)} | ${cells(trial).join(' | ')} |`),
    '',
    ...furtherFigures(trials),
    ...remarks(trials),
  ];
}

function cell(trial: TrialResult, contender: ContenderResult): string {
  const values = summarize(valuesOf(contender));
  if (values === undefined) return contender.status;
  const ratio = summarize(ratiosTo(trial, contender));
  const brackets = ratio === undefined ? '' : ` (${figure(ratio.median)}×${mark(ratio)})`;
  return `${figure(values.median)}${mark(values)}${brackets}${contender.status === 'partial' ? ' partial' : ''}`;
}

const mark = ({ stable }: Summary) => (stable ? '' : ` ${UNSTABLE}`);

/** A table of the rounds' spread and of their further figures: percentiles, stages, hit rates. */
function furtherFigures(trials: readonly TrialResult[]): string[] {
  const rows = trials.flatMap(({ id, contenders }) =>
    contenders.filter(({ rounds }) => rounds.length > 0).map((contender) => ({ id, contender })),
  );
  if (rows.length === 0) return [];
  const columns = [...new Set(rows.flatMap(({ contender }) => Object.keys(contender.rounds[0]?.extra ?? {})))];
  const text = (contender: ContenderResult, column: string) => {
    const value = medianExtra(contender, column);
    return value === undefined ? '–' : figure(value);
  };
  return [
    '<details><summary>Lowest and highest round, and further figures (medians over the rounds)</summary>',
    '',
    `| | | ${['lowest', 'highest', ...columns.map((name) => name.replaceAll('_', ' '))].join(' | ')} |`,
    `|---|---|${['', '', ...columns].map(() => '--:|').join('')}`,
    ...rows.map(({ id, contender }) => {
      const { lowest, highest } = summarize(valuesOf(contender)) as Summary;
      const cells = [figure(lowest), figure(highest), ...columns.map((column) => text(contender, column))];
      return `| ${id} | ${contender.name} | ${cells.join(' | ')} |`;
    }),
    '',
    '</details>',
    '',
  ];
}

/** Why a result is missing, failed or partial, and where answers differ: each sentence once, with its trials. */
function remarks(trials: readonly TrialResult[]): string[] {
  const sentences = new Map<string, string[]>();
  const say = (sentence: string, id: string) => sentences.set(sentence, [...(sentences.get(sentence) ?? []), id]);
  for (const { id, contenders } of trials) {
    for (const { name, status, reason, agreement } of contenders) {
      if (status !== 'measured') say(`${name}: ${status}, ${reason ?? 'no reason given'}`, id);
      if (agreement !== undefined) say(`${name}: ${agreement.same ? '' : '**differs**, '}${agreement.sentence}`, id);
    }
  }
  if (sentences.size === 0) return [];
  const where = (ids: readonly string[]) => (ids.length === trials.length ? 'all' : ids.join('; '));
  return [...[...sentences].map(([sentence, ids]) => `- ${sentence} (${where(ids)})`), ''];
}
