/** The kernels of exact search beside this machine's limits of reading and computing. */
import type { Contender, Suite, SuiteOptions, Trial } from '../trial/trial.ts';

const DIMENSIONS = 384;
/** Bytes per thread: in the first, the second and the third cache of most CPUs. */
const WORKING_SETS = { '16 KiB': 16 << 10, '512 KiB': 512 << 10, '8 MiB': 8 << 20 };
/** Bytes of all threads together: far beyond every cache. */
const MEMORY = { '1 GiB in all': 1 << 30 };
const QUICK_SETS = { '16 KiB': 16 << 10 };
const TOGETHER = 64;
/** How rows are bounded by their codes. GB/s counts the bytes that the method reads. */
const CODE_METHODS = {
  upper: { group: 'Codes: bounds by the upper plane, half a byte a dimension', unit: 'GB/s' },
  whole: { group: 'Codes: bounds by both planes, a byte a dimension', unit: 'GB/s' },
  many: { group: `Codes: bounds for ${TOGETHER} queries, in 10⁹ products of two codes`, unit: 'G/s' },
};

export const kernels: Suite = {
  name: 'kernels',
  summary:
    'GB/s of each kernel over floats and over codes, products a second of many queries, ' +
    "beside the machine's read bandwidth and instruction rates",
  trials: (options) => [...dotTrials(options), ...codeTrials(options), ...instructionTrials(options)],
  charts: [
    {
      name: 'bandwidth',
      title: 'Reading float32 rows: GB/s of each kernel against plain reading',
      where: { measure: 'dot' },
      kind: { type: 'bars', axis: 'log' },
    },
    {
      name: 'codes',
      title: 'Bounding rows by their codes: GB/s of each kernel against plain reading',
      where: { measure: 'codes', queries: 1 },
      kind: { type: 'bars', axis: 'log' },
    },
    {
      name: 'codes-64',
      title: `Bounding rows for ${TOGETHER} queries: 10⁹ products of two codes a second`,
      where: { measure: 'codes', queries: TOGETHER },
      kind: { type: 'bars', axis: 'log' },
    },
  ],
};

/** Bytes and threads of `cosimo_bench`, whose `--bytes` are per thread. */
interface Size {
  readonly name: string;
  readonly threads: number;
  readonly args: readonly string[];
}

function sizes(sets: Readonly<Record<string, number>>, { quick, threads }: SuiteOptions): Size[] {
  return Object.entries(sets).flatMap(([name, of]) =>
    threads.map((count) => {
      const bytes = name in MEMORY ? Math.floor(of / count) : of;
      const round = ['--round-s', quick ? '0.05' : '0.5'];
      return { name, threads: count, args: ['--bytes', String(bytes), '--threads', String(count), ...round] };
    }),
  );
}

/** The kernel that runs, the machine's limit, the other kernels. */
function kernelsAndLimit(
  { kernels, active_kernel }: SuiteOptions['cpu'],
  argsOf: (kernel: string) => readonly string[],
  limit: readonly string[],
): Contender[] {
  const contender = (kernel: string): Contender => ({
    name: kernel,
    role: kernel === active_kernel ? 'subject' : 'reference',
    program: { kind: 'native', args: argsOf(kernel) },
  });
  const others = kernels.filter((kernel) => kernel !== active_kernel);
  return [
    contender(active_kernel),
    { name: 'read bandwidth', role: 'reference', program: { kind: 'native', args: limit } },
    ...others.map(contender),
  ];
}

function dotTrials(options: SuiteOptions): Trial[] {
  const fixed = ['--dimensions', String(DIMENSIONS), '--seed', String(options.seed)];
  const sets = options.quick ? QUICK_SETS : { ...WORKING_SETS, ...MEMORY };
  return sizes(sets, options).map(({ name, threads, args }) => ({
    id: `dot ${name} threads=${threads}`,
    group: 'Inner products of 384 float32: rows read',
    parameters: { measure: 'dot', 'working set': name, threads },
    unit: 'GB/s',
    better: 'higher',
    data: [],
    contenders: kernelsAndLimit(options.cpu, (kernel) => ['dot', '--kernel', kernel, ...fixed, ...args], [
      'read',
      ...args,
    ]),
  }));
}

function codeTrials(options: SuiteOptions): Trial[] {
  const fixed = ['--dimensions', String(DIMENSIONS), '--seed', String(options.seed)];
  const sets = options.quick ? QUICK_SETS : { ...QUICK_SETS, ...MEMORY };
  return Object.entries(CODE_METHODS).flatMap(([method, { group, unit }]) => {
    const many = method === 'many';
    const queries = many ? ['--queries', String(TOGETHER)] : [];
    // Each byte read serves one product per query, so the read limit is converted to products.
    const asProducts = many ? ['--pass-bytes', String(1e9 / TOGETHER)] : [];
    return sizes(sets, options).map(({ name, threads, args }) => ({
      id: `codes ${name} method=${method} threads=${threads}`,
      group,
      parameters: { measure: 'codes', method, queries: many ? TOGETHER : 1, 'working set': name, threads },
      unit,
      better: 'higher' as const,
      data: [],
      contenders: kernelsAndLimit(
        options.cpu,
        (kernel) => ['codes', '--kernel', kernel, '--method', method, ...queries, ...fixed, ...args],
        ['read', ...asProducts, ...args],
      ),
    }));
  });
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
