/** Runs a suite's trials one after another, each with its data. Interrupted results are kept and marked. */
import { fileURLToPath } from 'node:url';
import { type DataSet, nameOf } from '../data/data-set.ts';
import type { PrepareSpec } from '../data/prepare.ts';
import type { Machine } from '../environment/machine.ts';
import { RESULT_FORMAT, type SuiteResult, type TrialResult } from '../results/results.ts';
import { ContenderProcess } from './contender-process.ts';
import type { Programs } from './programs.ts';
import { Missing } from './protocol.ts';
import { runTrial } from './run-trial.ts';
import type { Suite, SuiteOptions, Trial } from './trial.ts';

export interface SuiteRun {
  readonly suite: Suite;
  readonly options: SuiteOptions;
  readonly command: string;
  readonly machine: Machine;
  readonly peers: boolean;
  /** Whether the user chose a trial. */
  readonly chosen: (id: string) => boolean;
  readonly rounds: number;
  readonly programs: Programs;
  readonly signal: AbortSignal;
  readonly progress: RunProgress;
}

export interface RunProgress {
  readonly begin: (suite: string, trials: number) => void;
  /** Shows what is being done. */
  readonly doing: (what: string) => void;
  readonly trialDone: (trial: TrialResult) => void;
  readonly end: () => void;
}

const PREPARE = fileURLToPath(new URL('../data/prepare.ts', import.meta.url));
/** A slow machine encodes a million sentences in hours. */
const PREPARE_MS = 12 * 3600_000;

export async function runSuite(run: SuiteRun): Promise<SuiteResult> {
  const { suite, options, machine, signal, progress, rounds, command } = run;
  const all = suite.trials(options);
  const chosen = all.filter(({ id }) => run.chosen(id));
  const trials: TrialResult[] = [];
  const date = new Date().toISOString();
  progress.begin(suite.name, chosen.length);
  for (const trial of chosen) {
    if (signal.aborted) break;
    const result = await runOne(withoutPeers(trial, run.peers), run);
    trials.push(result);
    progress.trialDone(result);
  }
  progress.end();
  const partial = signal.aborted || trials.length < all.length;
  const { quick, seed } = options;
  return { format: RESULT_FORMAT, suite: suite.name, date, command, quick, partial, seed, rounds, machine, trials };
}

async function runOne(trial: Trial, run: SuiteRun): Promise<TrialResult> {
  const { progress, signal, rounds, programs, options } = run;
  try {
    for (const set of trial.data) {
      progress.doing(`making ${nameOf(set)}`);
      await prepare(set, options, signal);
    }
  } catch (error) {
    if (signal.aborted) return unmeasured(trial, 'failed', 'interrupted');
    const { message } = error as Error;
    if (error instanceof Missing) return { ...unmeasured(trial, 'missing', message), withoutData: true };
    return unmeasured(trial, 'failed', `its data could not be made: ${message}`);
  }
  progress.doing(trial.id);
  const onStep = (contender: string, round: number) => progress.doing(`${trial.id}: ${contender}, round ${round}`);
  return runTrial(trial, { rounds, programs, signal, onStep });
}

async function prepare(set: DataSet, { threads }: SuiteOptions, signal: AbortSignal): Promise<void> {
  const spec: PrepareSpec = { set, threads: threads.at(-1) as number };
  const command = { file: process.execPath, args: [PREPARE, JSON.stringify(spec)] };
  const { contender } = await ContenderProcess.start(command, signal, PREPARE_MS);
  await contender.stop();
}

function withoutPeers(trial: Trial, peers: boolean): Trial {
  return peers ? trial : { ...trial, contenders: trial.contenders.filter(({ role }) => role !== 'peer') };
}

function unmeasured(trial: Trial, status: 'missing' | 'failed', reason: string): TrialResult {
  const { id, group, parameters, unit, better, contenders } = trial;
  const none = contenders.map(({ name, role }) => ({ name, role, status, reason, rounds: [] }));
  return { id, group, parameters, unit, better, contenders: none };
}
