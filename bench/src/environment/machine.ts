/** The machine and the software of a measurement. */
import { execFileSync } from 'node:child_process';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { env } from 'onnxruntime-node';
import { DEFAULT_MODEL } from '../../../src/model/source/default-model.ts';
import { native } from '../../../src/native/binding.ts';
import type { CpuAbilities } from '../trial/trial.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memory_gib: number;
  readonly system: string;
  /** Instruction sets that the CPU and the system offer, of those that Cosimo or its peers use. */
  readonly cpuFeatures: readonly string[];
  /** The kernel of exact search that was chosen. */
  readonly kernel: string;
  readonly node: string;
  readonly onnxruntime: string;
  /** SHA-256 of model.safetensors. */
  readonly modelDigest: string;
  readonly commit: string;
  /** Load averages over 1, 5 and 15 minutes, before the suite. */
  readonly load: readonly number[];
}

/** @param nativeProgram path of bench/native's program, which asks the CPU */
export function readCpu(nativeProgram: string): CpuAbilities {
  return JSON.parse(execFileSync(nativeProgram, ['features'], { encoding: 'utf8' })) as CpuAbilities;
}

export function describeMachine({ features }: CpuAbilities): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memory_gib: Math.round(totalmem() / 2 ** 30),
    system: `${process.platform} ${process.arch} ${release()}`,
    cpuFeatures: features,
    kernel: native.kernel,
    node: process.versions.node,
    onnxruntime: env.versions.node ?? env.versions.common,
    modelDigest: DEFAULT_MODEL.files.find(({ path }) => path === 'model.safetensors')?.sha256 ?? 'unknown',
    commit: commitOf(),
    load: loadAverages(),
  };
}

/** The name of this machine's folder of results, such as `amd-epyc-avx2-2-cores`. */
export function machineName(
  model = cpus()[0]?.model ?? 'unknown',
  kernel = native.kernel,
  cores = availableParallelism(),
): string {
  const cpu = model.replace(/\((?:R|TM)\)|\b(?:CPU|Processor)\b|@.*$|\b\d+-Core\b/gi, ' ');
  return `${cpu} ${kernel} ${cores} ${cores === 1 ? 'core' : 'cores'}`
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
}

export const loadAverages = () => loadavg().map((value) => Number(value.toFixed(2)));

export function machineLines(machine: Machine, seed: number): string[] {
  return [
    `machine   ${machine.cpu}, ${machine.cores} cores, ${machine.memory_gib} GiB, ${machine.system}`,
    `CPU has   ${machine.cpuFeatures.join(' ')}; search kernel ${machine.kernel}`,
    `software  Node ${machine.node}, ONNX Runtime ${machine.onnxruntime}, commit ${machine.commit}, seed ${seed}`,
    `model     model.safetensors ${machine.modelDigest}`,
    `load      ${machine.load.join(' ')} before`,
  ];
}

function commitOf(): string {
  const commit = git('rev-parse', '--short', 'HEAD');
  if (commit === undefined) return 'unknown';
  // Results of earlier runs don't change what is measured.
  const changed = git('status', '--porcelain', '--untracked-files=no', '--', '.', ':(exclude)bench/results');
  return `${commit}${changed === '' ? '' : ' with changes'}`;
}

function git(...args: string[]): string | undefined {
  try {
    return execFileSync('git', args, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return undefined;
  }
}
