/** What a trial is. Suites are lists of these: data, nothing that runs. */
import type { NativeEncoderKernel } from '../../../src/native/transformer-encoder.ts';
import type { DataSet } from '../data/data-set.ts';

/** A program of the project, of the peers' environments, or the C++ program of bench/native. */
export type Program =
  /**
   * A file of bench/src/contenders on the project's own Node; `spec` is its one argument, as JSON, with `model_dir`, `onnx_dir`
   * and `venv` added. `needs`: it starts something of the peers' Python. `environment`: of its process alone.
   */
  | {
      readonly kind: 'node';
      readonly file: string;
      readonly spec: Spec;
      readonly needs?: 'venv';
      readonly environment?: Readonly<Record<string, string>>;
    }
  /** A file of bench/peers on the peers' Python. */
  | { readonly kind: 'python'; readonly file: string; readonly spec: Spec }
  /** A file of bench/peers on Node, with the peers' own packages. */
  | { readonly kind: 'node-peer'; readonly file: string; readonly spec: Spec }
  /** Has no answers to compare. */
  | { readonly kind: 'native'; readonly args: readonly string[] }
  /** What a contender can't do, said in a sentence: a row that says missing. */
  | { readonly kind: 'missing'; readonly reason: string };

export type Spec = Readonly<Record<string, unknown>>;

/**
 * `subject`: what is measured, one a trial, first in the list. `reference`: what it is held to without any peer
 * (a limit of the machine, another kernel, fewer threads). `peer`: other software, measured with `--peers` alone.
 */
export type Role = 'subject' | 'reference' | 'peer';

export interface Contender {
  readonly name: string;
  readonly role: Role;
  readonly program: Program;
  /** Worst cosine of its vectors to the subject's that its precision allows; 0.9999 unless given. */
  readonly cosineMin?: number;
}

/** Values that say what of a suite a trial is; tables and charts pick trials by them. */
export type Parameters = Readonly<Record<string, string | number>>;

export interface Trial {
  /** Unique, and the same from run to run: what `--baseline` and `--only` go by. */
  readonly id: string;
  /** Heading of its table. */
  readonly group: string;
  readonly parameters: Parameters;
  /** Of a round's value, such as `queries/s`. */
  readonly unit: string;
  readonly better: 'higher' | 'lower';
  readonly data: readonly DataSet[];
  readonly contenders: readonly Contender[];
  /** How the contenders' answers are held together; left out where there are none. */
  readonly compare?: 'hits' | 'vectors';
}

export interface SuiteOptions {
  /** Small sizes and short rounds: shows that everything runs, measures nothing. */
  readonly quick: boolean;
  readonly seed: number;
  /** 1, and all cores that this process may use. */
  readonly threads: readonly number[];
  readonly cpu: CpuAbilities;
}

/** What bench/native says of this machine. */
export interface CpuAbilities {
  /** Kernels that can run, best first. */
  readonly kernels: readonly string[];
  readonly active_kernel: string;
  readonly features: readonly string[];
  /** Instructions whose rate can be measured. */
  readonly instructions: readonly string[];
  /** Kernels of the encoder that can run, best first within each precision. */
  readonly encoders: readonly NativeEncoderKernel[];
}

export interface Suite {
  readonly name: string;
  /** One line for `--help`. */
  readonly summary: string;
  readonly trials: (options: SuiteOptions) => readonly Trial[];
  readonly charts: readonly ChartSpec[];
}

/** Which trials of a result a chart shows, and how. */
export interface ChartSpec {
  /** Name of the file. */
  readonly name: string;
  readonly title: string;
  /** Trials whose parameters have all of these values. */
  readonly where: Parameters;
  /** Only contenders with these roles; all unless given. */
  readonly roles?: readonly Role[];
  readonly kind: /** A bar for each trial and contender. */
    | { readonly type: 'bars'; readonly axis: 'linear' | 'log' }
    /** A line for each contender (and `series`), over the values of a parameter. */
    | { readonly type: 'lines'; readonly over: string; readonly series?: string }
    /** Latency at each percentile of `extra`, a line for each contender. */
    | { readonly type: 'percentiles' }
    /** Median ratio to every contender, on a logarithmic axis with 1 in the middle. */
    | { readonly type: 'ratios' };
}
