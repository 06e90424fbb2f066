/** Files that a run leaves. */
import { closeSync, mkdirSync, openSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { drawChart } from './report/charts.ts';
import { markdownReport } from './report/markdown.ts';
import type { SuiteResult } from './results.ts';
import type { Suite } from './trial.ts';

/** @throws Error in a sentence: better before the measurement than after it */
export function checkWritable(path: string): void {
  try {
    closeSync(openSync(path, 'a'));
  } catch (error) {
    throw new Error(`${path} cannot be written: ${(error as Error).message}`);
  }
}

export function writeJson(path: string, results: readonly SuiteResult[]): void {
  writeFileSync(path, `${JSON.stringify(results, undefined, 1)}\n`);
}

/** `SUITE.md`, `SUITE.json`, `SUITE-CHART.svg` and `.png`, and a list of what the folder holds. */
export function writeReport(folder: string, suite: Suite, result: SuiteResult): void {
  mkdirSync(folder, { recursive: true });
  const charts: { name: string; title: string }[] = [];
  for (const spec of suite.charts) {
    const chart = drawChart(spec, result);
    if (chart === undefined) continue;
    const name = `${result.suite}-${spec.name}`;
    writeFileSync(join(folder, `${name}.svg`), chart.svg);
    writeFileSync(join(folder, `${name}.png`), chart.png);
    charts.push({ name, title: spec.title });
  }
  writeFileSync(join(folder, `${result.suite}.md`), markdownReport(result, charts));
  writeJson(join(folder, `${result.suite}.json`), [result]);
  writeIndex(folder);
}

function writeIndex(folder: string): void {
  const reports = readdirSync(folder).filter((name) => name.endsWith('.md') && name !== 'README.md');
  const lines = reports.map((name) => `- [${name.slice(0, -'.md'.length)}](${name})`);
  writeFileSync(
    join(folder, 'README.md'),
    [
      '# Benchmark results',
      '',
      'Written by `npm run bench -- all --peers --plot`. Each report says what it was measured on.',
      '',
      ...lines,
      '',
    ].join('\n'),
  );
}
