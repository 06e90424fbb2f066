/** Runs one trial: its contenders are processes that work by turns. */
import { setTimeout as sleep } from 'node:timers/promises';
import { compareAnswers } from '../results/compare.ts';
import type { ContenderResult, TrialResult } from '../results/results.ts';
import { ContenderProcess } from './contender-process.ts';
import type { Programs } from './programs.ts';
import { type Answers, Missing, type Ready, type Round } from './protocol.ts';
import type { Contender, Trial } from './trial.ts';

export interface RunOptions {
  readonly rounds: number;
  readonly programs: Programs;
  readonly signal: AbortSignal;
  /** Called after each round and each failure. */
  readonly onStep: (contender: string, round: number) => void;
}

/** The pause between turns: threads of some libraries spin after their work and would slow the next contender. */
const REST_MS = 250;
const INTERRUPTED = 'interrupted';

/** The state of a contender: its rounds and answers so far, and how it ended. */
interface Runner {
  readonly contender: Contender;
  process?: ContenderProcess;
  ready?: Ready;
  readonly rounds: Round[];
  answers?: Answers;
  ended?: { readonly status: 'missing' | 'failed'; readonly reason: string };
}

/** Never throws: the result says what failed. */
export async function runTrial(trial: Trial, options: RunOptions): Promise<TrialResult> {
  const runners: Runner[] = trial.contenders.map((contender) => ({ contender, rounds: [] }));
  try {
    for (const runner of runners) await attempt(runner, options, () => start(runner, options));
    for (let round = 1; round <= options.rounds; round += 1) {
      for (const runner of runners) {
        await attempt(runner, options, async (process) => {
          await sleep(REST_MS, undefined, { signal: options.signal });
          runner.rounds.push(await process.round());
          options.onStep(runner.contender.name, round);
        });
      }
    }
    for (const runner of runners) {
      await attempt(runner, options, async (process) => {
        if (trial.compare !== undefined && hasAnswers(runner)) runner.answers = await process.answers();
      });
    }
  } finally {
    await Promise.all(runners.map(({ process }) => process?.stop()));
  }
  return resultOf(trial, runners, options);
}

/** The C++ program measures the machine and has no answers to compare. */
const hasAnswers = ({ contender }: Runner) => contender.program.kind !== 'native';

async function start(runner: Runner, { programs, signal }: RunOptions): Promise<void> {
  const command = programs.commandOf(runner.contender.program);
  const { contender, ready } = await ContenderProcess.start(command, signal);
  runner.process = contender;
  runner.ready = ready;
}

/** Takes the next step of a contender that hasn't failed. A failure ends this contender alone. */
async function attempt(
  runner: Runner,
  { signal, onStep }: RunOptions,
  step: (process: ContenderProcess) => Promise<void>,
): Promise<void> {
  if (runner.ended !== undefined) return;
  try {
    signal.throwIfAborted();
    await step(runner.process as ContenderProcess);
  } catch (error) {
    const status = error instanceof Missing ? 'missing' : 'failed';
    runner.ended = { status, reason: signal.aborted ? INTERRUPTED : (error as Error).message };
    onStep(runner.contender.name, 0);
  }
}

function resultOf(trial: Trial, runners: readonly Runner[], { rounds }: RunOptions): TrialResult {
  const { id, group, parameters, unit, better, compare } = trial;
  const own = runners[0]?.answers;
  const contenders = runners.map((runner, at): ContenderResult => {
    const { contender, ready, ended, answers } = runner;
    const whole = ended === undefined && runner.rounds.length === rounds;
    const comparable = at > 0 && compare !== undefined && answers !== undefined && own !== undefined;
    const agreement = comparable ? compareAnswers(compare, own, answers, contender.cosineMin) : undefined;
    return {
      name: contender.name,
      role: contender.role,
      status: whole ? 'measured' : runner.rounds.length > 0 ? 'partial' : (ended?.status ?? 'failed'),
      ...(ended && { reason: ended.reason }),
      ...(ready?.versions && { versions: ready.versions }),
      rounds: runner.rounds,
      ...(agreement && { agreement }),
    };
  });
  return { id, group, parameters, unit, better, contenders };
}
