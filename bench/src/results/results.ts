/** The stored form of a run: figures as measured, from which medians, spreads and ratios are computed. */
import type { Machine } from '../environment/machine.ts';
import type { Round } from '../trial/protocol.ts';
import type { Parameters, Role } from '../trial/trial.ts';

export const RESULT_FORMAT = 1;

export interface ContenderResult {
  readonly name: string;
  readonly role: Role;
  /** `partial`: interrupted, or failed after some rounds. */
  readonly status: 'measured' | 'partial' | 'missing' | 'failed';
  /** Why it is missing, failed or partial. */
  readonly reason?: string;
  readonly versions?: Readonly<Record<string, string>>;
  /** In the order of measurement; round i of one contender ran right before round i of the next. */
  readonly rounds: readonly Round[];
  /** How its answers compare with the subject's. */
  readonly agreement?: Agreement;
}

export interface Agreement {
  readonly sentence: string;
  /** False when it found something else than the subject. */
  readonly same: boolean;
}

export interface TrialResult {
  readonly id: string;
  readonly group: string;
  readonly parameters: Parameters;
  readonly unit: string;
  readonly better: 'higher' | 'lower';
  /** True where the machine can't make the trial's data: all contenders are missing. */
  readonly withoutData?: boolean;
  readonly contenders: readonly ContenderResult[];
}

export interface SuiteResult {
  readonly format: typeof RESULT_FORMAT;
  readonly suite: string;
  /** ISO 8601, when it began. */
  readonly date: string;
  /** The command line, for repeating the run. */
  readonly command: string;
  readonly quick: boolean;
  /** Interrupted, or only some of the trials were asked for. */
  readonly partial: boolean;
  readonly seed: number;
  readonly rounds: number;
  readonly machine: Machine;
  readonly trials: readonly TrialResult[];
}
