/** The inner-product kernels beside what this machine can read and compute at most. */
import type { Contender, Suite, SuiteOptions, Trial } from '../trial.ts';

const DIMENSIONS = 384;
/** Bytes per thread: in the first, the second and the third cache of most CPUs. */
const WORKING_SETS = { '16 KiB': 16 << 10, '512 KiB': 512 << 10, '8 MiB': 8 << 20 };
/** Bytes of all threads together: far beyond every cache. */
const MEMORY = { '1 GiB in all': 1 << 30 };
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
  const sets: [string, number][] = Object.entries(quick ? QUICK_SETS : WORKING_SETS);
  const memory: [string, number][] = Object.entries(quick ? {} : MEMORY);
  const round = ['--round-s', quick ? '0.05' : '0.5'];
  return [...sets, ...memory].flatMap(([name, of]) =>
    threads.map((count) => {
      const bytes = name in MEMORY ? Math.floor(of / count) : of;
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
        group: 'Inner products of 384 float32: rows read',
        parameters: { measure: 'dot', 'working set': name, threads: count },
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
    group: 'Instructions at most, in 10⁹',
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
