/** The encoder's share of the machine's peak, in multiply-adds. The texts are tokenized before the rounds. */
import type { NativePrecision } from '../../../../src/native/transformer-encoder.ts';
import { pathOf, type TextSet } from '../../data/data-set.ts';
import type { SuiteOptions, Trial } from '../../trial/trial.ts';
import { kernelFor, limitingInstruction, PRECISIONS } from './encoder-kernels.ts';

const TEXTS = 32;
const TOKENS = 128;
const QUICK_TOKENS = 16;

export function peakTrials(options: SuiteOptions): Trial[] {
  const threads = options.quick ? options.threads.slice(-1) : options.threads;
  return PRECISIONS.flatMap((precision) => threads.flatMap((count) => peakTrial(precision, count, options)));
}

/** The ratio to the instruction's rate is the share of peak. Skipped if kernel or rate is unknown. */
function peakTrial(precision: NativePrecision, threads: number, { quick, seed, cpu }: SuiteOptions): Trial[] {
  const kernel = kernelFor(precision, cpu);
  const instruction = kernel && limitingInstruction(kernel, cpu);
  if (instruction === undefined) return [];
  const set: TextSet = { kind: 'texts', tokens: quick ? QUICK_TOKENS : TOKENS, count: TEXTS, seed };
  const round = { round_s: quick ? 0.05 : 1, warm_up_s: quick ? 0 : 1 };
  const spec = { ...round, texts: pathOf(set), threads, encoder: 'native', precision, multiply_adds: true };
  const args = ['instructions', '--name', instruction, '--unit', 'multiply-adds', '--threads', String(threads)];
  return [
    {
      id: `encode peak ${precision}: ${set.count} texts of ${set.tokens} tokens, threads=${threads}`,
      group: "Multiply-adds of the encoder's passes beside those of the instruction under them, in 10⁹",
      parameters: { purpose: 'peak', precision, threads },
      unit: 'G multiply-adds/s',
      better: 'higher',
      data: [set],
      contenders: [
        {
          name: 'the bare native encoder',
          role: 'subject',
          program: { kind: 'node', file: 'encode/encode-rounds.ts', spec },
        },
        {
          name: `${instruction} at most`,
          role: 'reference',
          program: { kind: 'native', args: [...args, '--round-s', quick ? '0.05' : '0.5'] },
        },
      ],
    },
  ];
}
