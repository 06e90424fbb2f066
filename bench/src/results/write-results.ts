/** Writes the files of a run. */
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { drawChart } from '../report/charts.ts';
import { markdownReport } from '../report/markdown.ts';
import type { Suite } from '../trial/trial.ts';
import type { SuiteResult } from './results.ts';

/** Checks before the measurement that results can be written after it. @throws Error in a sentence */
export function checkWritable(path: string, kind: 'file' | 'folder'): void {
  try {
    if (kind === 'folder') mkdirSync(path, { recursive: true });
    else if (existsSync(path)) {
      if (statSync(path).isDirectory()) throw new Error('it is a folder');
    }
    accessSync(kind === 'folder' || existsSync(path) ? path : dirname(resolve(path)), constants.W_OK);
  } catch (error) {
    throw new Error(`${path} cannot be written: ${(error as Error).message}`);
  }
}

/** Writes the file whole or not at all. */
export function writeJson(path: string, results: readonly SuiteResult[]): void {
  const partial = `${path}.${process.pid}.partial`;
  writeFileSync(partial, `${JSON.stringify(results, undefined, 1)}\n`);
  renameSync(partial, path);
}

/**
 * `SUITE.md`, `SUITE.json`, `SUITE-CHART.svg` and `.png`, and a list of the folder's reports. A quick or partial
 * run writes `SUITE.quick.md` or `SUITE.partial.md` and so on, so it never replaces the report of a whole run.
 */
export function writeReport(folder: string, suite: Suite, result: SuiteResult): void {
  const base = [result.suite, ...(result.quick ? ['quick'] : []), ...(result.partial ? ['partial'] : [])].join('.');
  const charts: { name: string; title: string }[] = [];
  for (const spec of suite.charts) {
    const chart = drawChart(spec, result);
    if (chart === undefined) continue;
    const name = `${base}-${spec.name}`;
    writeFileSync(join(folder, `${name}.svg`), chart.svg);
    writeFileSync(join(folder, `${name}.png`), chart.png);
    charts.push({ name, title: spec.title });
  }
  writeFileSync(join(folder, `${base}.md`), markdownReport(result, charts));
  writeJson(join(folder, `${base}.json`), [result]);
  writeIndex(folder);
}

function writeIndex(folder: string): void {
  const reports = readdirSync(folder).filter((name) => name.endsWith('.md') && name !== 'README.md');
  const links = reports.map((name) => `- [${name.slice(0, -'.md'.length)}](${name})`);
  const about =
    'Written by `npm run bench` with `--plot`. Each report says how it was called and what it was measured on.';
  writeFileSync(join(folder, 'README.md'), ['# Benchmark results', '', about, '', ...links, ''].join('\n'));
}
