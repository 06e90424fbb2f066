/** `npm run bench`: measures, shows, stores and compares. bench/README.md says how it is made. */
import { availableParallelism } from 'node:os';
import { buildBench } from '../scripts/build-bench.mjs';
import { DEFAULT_MODEL } from '../src/model/manifest.ts';
import { terminalProgress } from '../src/model/progress.ts';
import { resolveModel } from '../src/model/resolve-model.ts';
import { describeMachine, machineLines, readCpu } from './machine.ts';
import { type BenchOptions, parseCommandLine } from './options.ts';
import { installPeers, withoutPeers } from './peer-environment.ts';
import { Programs } from './programs.ts';
import { showProgress } from './progress.ts';
import { compareWithBaseline, readResults } from './report/baseline.ts';
import type { SuiteResult } from './results.ts';
import { runSuite } from './run-suite.ts';
import { SUITES } from './suites/suites.ts';
import type { SuiteOptions } from './trial.ts';
import { checkWritable, writeJson, writeReport } from './write-results.ts';

const ROUNDS = 5;
const QUICK_ROUNDS = 2;
const INTERRUPTED_STATUS = 130;

/** @returns the exit status */
async function main(): Promise<number> {
  const args = process.argv.slice(2);
  const options = parseCommandLine(args);
  if ('status' in options) return options.status;
  // Read before anything is measured: a wrong file is told now, not after an hour.
  const stored = options.baseline === undefined ? undefined : readResults(options.baseline);
  if (options.json !== undefined) checkWritable(options.json);
  const signal = abortOnSignals();
  const results = await measure(options, args, signal);
  if (options.json !== undefined) writeJson(options.json, results);
  if (signal.aborted) {
    console.error('bench: interrupted; what was measured is kept and marked partial');
    return INTERRUPTED_STATUS;
  }
  const wrong = results.flatMap(faultsOf);
  for (const fault of wrong) console.error(`bench: ${fault}`);
  const fallen = stored === undefined ? false : guard(results, stored, options.tolerance);
  return wrong.length > 0 || fallen ? 1 : 0;
}

async function measure(options: BenchOptions, args: readonly string[], signal: AbortSignal): Promise<SuiteResult[]> {
  const native = await buildBench();
  const cpu = readCpu(native);
  const machine = describeMachine(cpu);
  console.log(machineLines(machine, options.seed).join('\n'));
  const log = (line: string) => console.error(line);
  const model = await resolveModel({ model: DEFAULT_MODEL.name, progress: terminalProgress(), log, signal });
  const peers = options.peers ? await installPeers(log, signal) : withoutPeers();
  const programs = new Programs({ native, modelDir: model.dir, ...peers });
  const suiteOptions: SuiteOptions = {
    quick: options.quick,
    seed: options.seed,
    threads: [...new Set([1, availableParallelism()])],
    cpu,
  };
  const results: SuiteResult[] = [];
  for (const suite of SUITES.filter(({ name }) => options.suites.includes(name))) {
    if (signal.aborted) break;
    const result = await runSuite({
      suite,
      options: suiteOptions,
      command: `npm run bench -- ${args.join(' ')}`,
      machine,
      peers: options.peers,
      only: options.only,
      rounds: options.rounds ?? (options.quick ? QUICK_ROUNDS : ROUNDS),
      programs,
      signal,
      progress: showProgress(process.stderr),
    });
    results.push(result);
    if (options.plot) writeReport(options.out, suite, result);
  }
  if (results.every(({ trials }) => trials.length === 0) && !signal.aborted) {
    throw new Error(`no trial's name holds '${options.only}'`);
  }
  return results;
}

/** What makes a run a failure whatever the times: Cosimo didn't run, or a search found something else than a peer. */
function faultsOf({ suite, trials }: SuiteResult): string[] {
  return trials.flatMap(({ id, contenders }) => [
    ...contenders
      .filter(({ role, status }) => role === 'subject' && status !== 'measured')
      .map(({ name, reason }) => `${suite}: ${id}: ${name} failed: ${reason}`),
    ...contenders
      .filter(({ agreement }) => agreement?.same === false)
      .map(({ name, agreement }) => `${suite}: ${id}: ${name} differs: ${agreement?.sentence}`),
  ]);
}

/** @returns whether the run is worse than the stored one */
function guard(results: readonly SuiteResult[], stored: readonly SuiteResult[], tolerance: number): boolean {
  const { lines, regressions, compared } = compareWithBaseline(results, stored, tolerance);
  console.log(`\n${lines.join('\n')}`);
  if (compared === 0) throw new Error('the stored run has no ratio in common with this one: nothing was compared');
  return regressions > 0;
}

/** The first Ctrl-C ends contenders and keeps results; npm and a terminal may both send it. A later one ends at once. */
function abortOnSignals(): AbortSignal {
  const controller = new AbortController();
  let asked_ms: number | undefined;
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      if (asked_ms !== undefined && performance.now() - asked_ms > 1000) process.exit(INTERRUPTED_STATUS);
      asked_ms ??= performance.now();
      controller.abort();
    });
  }
  return controller.signal;
}

main().then(
  (status) => process.exit(status),
  (error: Error) => {
    console.error(`bench: ${error.message}`);
    process.exit(1);
  },
);
