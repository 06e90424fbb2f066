/** The quality of each precision: how near its vectors are to those of sentence-transformers, and how well they rank. */
import { pathOf, type TextSet } from '../../data/data-set.ts';
import type { Contender, SuiteOptions, Trial } from '../../trial/trial.ts';
import { kernelFor, PRECISIONS } from './encoder-kernels.ts';

const RANKED = 1000;
const QUICK_RANKED = 20;

export function qualityTrials(options: SuiteOptions): Trial[] {
  const native = PRECISIONS.filter((precision) => kernelFor(precision, options.cpu) !== undefined);
  return [
    ...native.map((precision) => qualityTrial('native', precision, options)),
    // On the CPU ONNX Runtime computes fp16 mostly in fp32, so a GPU would be less accurate.
    qualityTrial('onnx', 'fp16', options),
  ];
}

function qualityTrial(encoder: 'native' | 'onnx', precision: string, options: SuiteOptions): Trial {
  const { quick, seed } = options;
  const set: TextSet = { kind: 'texts', tokens: 'mixed', count: quick ? QUICK_RANKED : RANKED, seed };
  const threads = options.threads.at(-1) as number;
  const spec = { texts: pathOf(set), threads, encoder, precision };
  const subject: Contender = {
    name: encoder === 'native' ? 'Cosimo' : 'Cosimo on ONNX Runtime',
    role: 'subject',
    program: { kind: 'node', file: 'encode/precision.ts', spec },
  };
  return {
    id: `encode quality: ${precision}, the ten nearest of ${set.count} sentences`,
    group: 'Share of the ten nearest sentences that fp32 finds too',
    parameters: { purpose: 'quality', precision, tokens: 'mixed', threads },
    unit: 'share',
    better: 'higher',
    data: [set],
    contenders: [subject],
  };
}
