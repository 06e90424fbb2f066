/** The types of a trial. Suites are lists of trials: plain data. */
import type { NativeEncoderKernel } from '../../../src/native/transformer-encoder.ts';
import type { DataSet } from '../data/data-set.ts';

/** The program of a contender. */
export type Program =
  /**
   * A file of bench/src/contenders on the project's own Node. `spec` is its one argument, as JSON, with `model_dir`, `onnx_dir`
   * and `venv` added. `needs` says that it starts the peers' Python. `environment` is added to its process's environment.
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
  /** The C++ program of bench/native, which has no answers to compare. */
  | { readonly kind: 'native'; readonly args: readonly string[] }
  /** Nothing to run: the row says missing, with this sentence. */
  | { readonly kind: 'missing'; readonly reason: string };

export type Spec = Readonly<Record<string, unknown>>;

/**
 * `subject`: what is measured; one in each trial, the first in the list. `reference`: what it is compared with in every run (a
 * limit of the machine, another kernel, fewer threads). `peer`: other software, measured only with `--peers`.
 */
export type Role = 'subject' | 'reference' | 'peer';

export interface Contender {
  readonly name: string;
  readonly role: Role;
  readonly program: Program;
  /** The least cosine between its vectors and the subject's; 0.9999 unless given. */
  readonly cosineMin?: number;
}

/** The values by which trials of a suite differ; tables and charts select trials by them. */
export type Parameters = Readonly<Record<string, string | number>>;

export interface Trial {
  /** Unique, and the same from run to run: `--baseline` and `--only` use it. */
  readonly id: string;
  /** Heading of its table. */
  readonly group: string;
  readonly parameters: Parameters;
  /** The unit of a round's value, such as `queries/s`. */
  readonly unit: string;
  readonly better: 'higher' | 'lower';
  readonly data: readonly DataSet[];
  readonly contenders: readonly Contender[];
  /** How the contenders' answers are compared; absent where there are none. */
  readonly compare?: 'hits' | 'vectors';
}

export interface SuiteOptions {
  /** Small sizes and short rounds: shows that everything runs, measures nothing. */
  readonly quick: boolean;
  readonly seed: number;
  /** 1, and the number of cores that this process may use. */
  readonly threads: readonly number[];
  readonly cpu: CpuAbilities;
}

/** What `cosimo_bench features` reports about this machine. */
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
  /** Only contenders with these names; all unless given. */
  readonly contenders?: readonly string[];
  readonly kind: /** A bar for each trial and contender: of the trial's values, or of a further figure with its unit. */
    | {
        readonly type: 'bars';
        readonly axis: 'linear' | 'log';
        readonly figure?: string;
        readonly unit?: string;
      }
    /** A line for each contender (and `series`), over the values of a parameter. */
    | { readonly type: 'lines'; readonly over: string; readonly series?: string }
    /** Latency at each percentile of `extra`, a line for each contender. */
    | { readonly type: 'percentiles' }
    /** Median ratio to every contender, on a logarithmic axis with 1 in the middle. */
    | { readonly type: 'ratios' };
}
