/** `npm run bench`: measures, shows, stores and compares. bench/README.md says how the benchmark works. */
import './environment/plain-environment.ts';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { buildBench } from '../../scripts/build-bench.mjs';
import { DEFAULT_MODEL } from '../../src/model/source/default-model.ts';
import { resolveModel } from '../../src/model/source/resolve-model.ts';
import { terminalProgress } from '../../src/progress.ts';
import { onStopSignal } from '../../src/signals.ts';
import { sweepLeftovers } from './data/data-files.ts';
import { describeMachine, loadAverages, machineLines, machineName, readCpu } from './environment/machine.ts';
import { installPeers, withoutPeers } from './environment/peer-environment.ts';
import { type BenchOptions, parseCommandLine } from './options.ts';
import { showProgress } from './progress.ts';
import { compareWithBaseline, readResults } from './report/baseline.ts';
import type { SuiteResult } from './results/results.ts';
import { failuresOf } from './results/verdict.ts';
import { checkWritable, writeJson, writeReport } from './results/write-results.ts';
import { SUITES } from './suites/suites.ts';
import { Programs } from './trial/programs.ts';
import { runSuite } from './trial/run-suite.ts';
import type { SuiteOptions } from './trial/trial.ts';

const ROUNDS = 5;
const QUICK_ROUNDS = 1;
const INTERRUPTED_STATUS = 130;

/** @returns the exit status */
async function main(): Promise<number> {
  const args = process.argv.slice(2);
  const options = parseCommandLine(args);
  if ('status' in options) return options.status;
  const signal = abortOnSignals();
  try {
    return await run(options, args, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
    return interrupted([], options);
  }
}

async function run(options: BenchOptions, args: readonly string[], signal: AbortSignal): Promise<number> {
  // Mistakes in the call are reported now, not after an hour.
  const stored = options.baseline === undefined ? undefined : readResults(options.baseline);
  if (options.json !== undefined) checkWritable(options.json, 'file');
  if (options.plot) checkWritable(outOf(options), 'folder');
  const results = await measure(options, args, signal);
  if (signal.aborted) return interrupted(results, options);
  const failures = results.flatMap(failuresOf);
  for (const failure of failures) console.error(`bench: ${failure}`);
  const fallen = stored !== undefined && guard(results, stored, options.tolerance);
  return failures.length > 0 || fallen ? 1 : 0;
}

function interrupted(results: readonly SuiteResult[], { json, plot }: BenchOptions): number {
  const kept = results.length > 0 && (json !== undefined || plot);
  console.error(`bench: interrupted${kept ? '; what was measured is kept and marked partial' : ''}`);
  return INTERRUPTED_STATUS;
}

async function measure(options: BenchOptions, args: readonly string[], signal: AbortSignal): Promise<SuiteResult[]> {
  const native = await buildBench();
  signal.throwIfAborted();
  const cpu = readCpu(native);
  const threads = [...new Set([1, availableParallelism()])];
  const suiteOptions: SuiteOptions = { quick: options.quick, seed: options.seed, threads, cpu };
  const suites = SUITES.filter(({ name }) => options.suites.includes(name)).filter((suite) =>
    suite.trials(suiteOptions).some(({ id }) => isChosen(id, options)),
  );
  if (suites.length === 0) throw new Error(`no trial's name holds '${options.only?.join("' or '")}'`);
  const machine = describeMachine(cpu);
  console.log(machineLines(machine, options.seed).join('\n'));
  sweepLeftovers();
  const log = (line: string) => console.error(line);
  const model = await resolveModel({ model: DEFAULT_MODEL.name, progress: terminalProgress(), log, signal });
  const peers = options.peers ? await installPeers(log, signal) : withoutPeers();
  const programs = new Programs({ native, modelDir: model.dir, ...peers });
  const results: SuiteResult[] = [];
  for (const suite of suites) {
    if (signal.aborted) break;
    const result = await runSuite({
      suite,
      options: suiteOptions,
      command: `npm run bench -- ${args.map(quoted).join(' ')}`,
      machine: { ...machine, load: loadAverages() },
      peers: options.peers,
      chosen: (id) => isChosen(id, options),
      rounds: options.rounds ?? (options.quick ? QUICK_ROUNDS : ROUNDS),
      programs,
      signal,
      progress: showProgress(process.stderr),
    });
    results.push(result);
    if (options.json !== undefined) writeJson(options.json, results);
    if (options.plot) writeReport(outOf(options), suite, result);
  }
  return results;
}

const outOf = ({ out }: BenchOptions) => out ?? join('bench', 'results', machineName());
const isChosen = (id: string, { only }: BenchOptions) => only?.some((text) => id.includes(text)) ?? true;
const quoted = (arg: string) => (/^[\w./=:-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", "'\\''")}'`);

/** @returns whether the run is worse than the stored one */
function guard(results: readonly SuiteResult[], stored: readonly SuiteResult[], tolerance: number): boolean {
  const { lines, regressions, compared } = compareWithBaseline(results, stored, tolerance);
  console.log(`\n${lines.join('\n')}`);
  if (compared === 0) throw new Error('the stored run has no ratio in common with this one: nothing was compared');
  return regressions > 0;
}

/** The first signal ends contenders and keeps results. */
function abortOnSignals(): AbortSignal {
  const controller = new AbortController();
  onStopSignal(() => controller.abort(), INTERRUPTED_STATUS);
  return controller.signal;
}

main().then(
  (status) => process.exit(status),
  (error: Error) => {
    console.error(`bench: ${error.message}`);
    process.exit(1);
  },
);
