/** The trials of every suite on a made-up machine, and the arguments of their contenders. */
import assert from 'node:assert/strict';
import { SUITES } from '../../src/suites/suites.ts';
import type { Contender, SuiteOptions, Trial } from '../../src/trial/trial.ts';

export const OPTIONS: SuiteOptions = {
  quick: false,
  seed: 1,
  threads: [1, 2],
  cpu: {
    kernels: ['avx512', 'avx2', 'scalar'],
    active_kernel: 'avx512',
    features: [],
    instructions: ['fma_zmm', 'vnni_zmm', 'bf16_zmm'],
    encoders: [
      { name: 'avx512', family: 'avx512', precision: 'fp32' },
      { name: 'avx2', family: 'avx2', precision: 'fp32' },
      { name: 'avx512-bf16', family: 'avx512', precision: 'bf16' },
      { name: 'avx512-vnni-bf16', family: 'avx512', precision: 'int8' },
      { name: 'scalar', family: 'scalar', precision: 'fp32' },
    ],
  },
};
export const suiteOf = (name: string) => SUITES.find((suite) => suite.name === name)?.trials(OPTIONS) ?? [];
export const valuesOf = (trials: readonly Trial[], name: string) =>
  new Set(trials.map(({ parameters }) => parameters[name]));
export const namesOf = (trials: readonly Trial[]) =>
  new Set(trials.flatMap(({ contenders }) => contenders.map(({ name }) => name)));

export function contenderOf(trials: readonly Trial[], id: string, name: string): Contender {
  const found = trials.find((trial) => trial.id === id)?.contenders.find((contender) => contender.name === name);
  assert.ok(found, `${id} has ${name}`);
  return found;
}

/** The arguments of a contender: the spec of a program, or the flags of the C++ program. */
export function argumentsOf({ program }: Contender): Readonly<Record<string, unknown>> {
  if (program.kind === 'missing') return {};
  if (program.kind !== 'native') return program.spec;
  const [measure, ...flags] = program.args;
  const pairs = Array.from({ length: flags.length / 2 }, (_, i) => [flags[2 * i]?.slice(2), flags[2 * i + 1]]);
  return { measure, ...Object.fromEntries(pairs) };
}
