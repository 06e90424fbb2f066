/** The inner-product kernels beside what this machine can read and compute at most. */
import type { Contender, Suite, SuiteOptions, Trial } from '../trial.ts';

const DIMENSIONS = 384;
/** Bytes per thread: in the first, the second and the third cache of most CPUs, and far beyond all of them. */
const WORKING_SETS = { '16 KiB': 16 << 10, '512 KiB': 512 << 10, '8 MiB': 8 << 20, '512 MiB': 512 << 20 };
const QUICK_SETS = { '16 KiB': 16 << 10 };

export const kernels: Suite = {
  name: 'kernels',
  summary: "dot products a second and GB/s of each kernel, beside the machine's read bandwidth and instruction rates",
  trials: (options) => [...dotTrials(options), ...instructionTrials(options)],
  charts: [
    {
      name: 'bandwidth',
      title: 'Reading float32 rows: GB/s of each kernel against plain reading',
      where: { measure: 'dot' },
      kind: { type: 'bars', axis: 'log' },
    },
  ],
};

function dotTrials({ quick, threads, cpu, seed }: SuiteOptions): Trial[] {
  const sets = Object.entries(quick ? QUICK_SETS : WORKING_SETS);
  const round = ['--round-s', quick ? '0.05' : '0.5'];
  return sets.flatMap(([name, bytes]) =>
    threads.map((count) => {
      const size = ['--bytes', String(bytes), '--threads', String(count), ...round];
      const dot = (kernel: string): Contender => ({
        name: kernel,
        role: kernel === cpu.active_kernel ? 'subject' : 'reference',
        program: {
          kind: 'native',
          args: ['dot', '--kernel', kernel, '--dimensions', String(DIMENSIONS), '--seed', String(seed), ...size],
        },
      });
      const others = cpu.kernels.filter((kernel) => kernel !== cpu.active_kernel);
      const limit: Contender = {
        name: 'read bandwidth',
        role: 'reference',
        program: { kind: 'native', args: ['read', ...size] },
      };
      return {
        id: `dot ${name} threads=${count}`,
        group: 'Inner products of 384 float32, in GB of rows read a second',
        parameters: { measure: 'dot', 'bytes a thread': name, threads: count },
        unit: 'GB/s',
        better: 'higher' as const,
        data: [],
        contenders: [dot(cpu.active_kernel), limit, ...others.map(dot)],
      };
    }),
  );
}

function instructionTrials({ quick, threads, cpu }: SuiteOptions): Trial[] {
  return threads.map((count) => ({
    id: `instructions threads=${count}`,
    group: 'Instructions a second at most, in 10⁹',
    parameters: { measure: 'instructions', threads: count },
    unit: 'G/s',
    better: 'higher' as const,
    data: [],
    contenders: cpu.instructions.map((name) => ({
      name,
      role: 'reference' as const,
      program: {
        kind: 'native' as const,
        args: ['instructions', '--name', name, '--threads', String(count), '--round-s', quick ? '0.05' : '0.5'],
      },
    })),
  }));
}
