/** Made-up results, for tests of reports, charts and comparisons. */
import type { ContenderResult, SuiteResult, TrialResult } from '../../src/results/results.ts';
import type { Role } from '../../src/trial/trial.ts';

export function contenderResult(name: string, role: Role, values: readonly number[]): ContenderResult {
  return { name, role, status: 'measured', rounds: values.map((value) => ({ value })) };
}

export function trialResult(contenders: readonly ContenderResult[], parts: Partial<TrialResult> = {}): TrialResult {
  const base = {
    id: 'trial',
    group: 'group',
    parameters: { measure: 'x' },
    unit: 'units/s',
    better: 'higher' as const,
  };
  return { ...base, contenders, ...parts };
}

export function suiteResult(trials: readonly TrialResult[], parts: Partial<SuiteResult> = {}): SuiteResult {
  return {
    format: 1,
    suite: 'kernels',
    date: '2026-01-01T00:00:00.000Z',
    command: 'npm run bench -- kernels',
    quick: false,
    partial: false,
    seed: 1,
    rounds: 3,
    machine: {
      cpu: 'A CPU',
      cores: 2,
      memory_gib: 8,
      system: 'linux x64 6',
      cpuFeatures: ['avx2'],
      kernel: 'avx2',
      node: '24.0.0',
      onnxruntime: '1.30.0',
      modelDigest: 'abc',
      commit: 'abcdef0',
      load: [0, 0, 0],
    },
    trials,
    ...parts,
  };
}
