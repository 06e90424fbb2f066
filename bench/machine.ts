/** What a figure was measured on. */
import { execFileSync } from 'node:child_process';
import { cpus, loadavg, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { env } from 'onnxruntime-node';
import { native } from '../src/native/binding.ts';

export function describeMachine(): string {
  const [cpu] = cpus();
  const commit = git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain') === '' ? '' : ' with changes');
  return [
    `machine   ${cpu?.model}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform} ${process.arch}`,
    `software  Node ${process.versions.node}, ONNX Runtime ${env.versions.node}, search kernel ${native.kernel}, commit ${commit}`,
    `load      ${loadavg()
      .map((value) => value.toFixed(2))
      .join(' ')} before`,
  ].join('\n');
}

function git(...args: string[]): string {
  try {
    return execFileSync('git', args, { cwd: fileURLToPath(new URL('..', import.meta.url)), encoding: 'utf8' }).trim();
  } catch {
    return 'unknown';
  }
}
