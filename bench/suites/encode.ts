/** Text → vector in one process, tokenizer included, by length, batch, threads and precision. */

import { pathOf, type TextSet } from '../data/data-set.ts';
import type { Contender, Suite, SuiteOptions, Trial } from '../trial.ts';
import { encodeServiceTrials } from './encode-service.ts';

const TEXTS = 256;
const TOKENS = [16, 64, 256];
const BATCHES = [1, 32];
const MAX_TOKENS = 256;
/** What the peers give their model at once, sentence-transformers' own default; Cosimo goes by tokens. */
const INFERENCE_BATCH = 32;

/** By the last word of a peer's name. */
const COSINE_MIN: Readonly<Record<string, number>> = { fp32: 0.9999, bf16: 0.999, int8: 0.95 };

const PYTHON_PEERS = {
  'sentence-transformers, torch fp32': 'torch-fp32',
  'sentence-transformers, torch bf16': 'torch-bf16',
  'ONNX Runtime, community fp32': 'ort-fp32',
  'ONNX Runtime, community int8': 'ort-int8',
  'OpenVINO fp32': 'openvino-fp32',
  'OpenVINO bf16': 'openvino-bf16',
  'OpenVINO int8': 'openvino-int8',
};

export const encode: Suite = {
  name: 'encode',
  summary:
    'texts and tokens a second by length, batch, threads and precision, one caller in one process; the same over HTTP',
  trials: (options) => [...encodeTrials(options), ...encodeServiceTrials(options)],
  charts: [
    {
      name: 'batch-32',
      title: 'Encoding batches of 32 texts, all threads: texts a second',
      where: { batch: 32, purpose: 'length' },
      kind: { type: 'bars', axis: 'log' },
    },
    {
      name: 'ratio',
      title: 'Encoding: how many times faster Cosimo (fp32) is',
      where: { purpose: 'length' },
      kind: { type: 'ratios' },
    },
  ],
};

interface EncodeSettings {
  readonly tokens: TextSet['tokens'];
  readonly batch: number;
  readonly threads: number;
  readonly purpose: 'length' | 'threads' | 'mixed';
}

function encodeTrials(options: SuiteOptions): Trial[] {
  const all = options.threads.at(-1) as number;
  if (options.quick) return [encodeTrial({ tokens: 16, batch: 4, threads: all, purpose: 'length' }, options)];
  const byLength = TOKENS.flatMap((tokens) =>
    BATCHES.map((batch): EncodeSettings => ({ tokens, batch, threads: all, purpose: 'length' })),
  );
  const oneThread = BATCHES.map((batch): EncodeSettings => ({ tokens: 64, batch, threads: 1, purpose: 'threads' }));
  const mixed: EncodeSettings = { tokens: 'mixed', batch: 128, threads: all, purpose: 'mixed' };
  return [...byLength, ...(all > 1 ? oneThread : []), mixed].map((settings) => encodeTrial(settings, options));
}

function encodeTrial({ tokens, batch, threads, purpose }: EncodeSettings, options: SuiteOptions): Trial {
  const { quick, seed } = options;
  const set: TextSet = { kind: 'texts', tokens, count: quick ? 32 : TEXTS, seed };
  // Sentences as they come, whatever is measured: one int8 model for all trials.
  const calibration: TextSet = { ...set, tokens: 'mixed' };
  const spec = {
    texts: pathOf(set),
    calibration: pathOf(calibration),
    batch,
    threads,
    inference_batch: INFERENCE_BATCH,
    max_tokens: MAX_TOKENS,
    round_s: quick ? 0.05 : 0.8,
    warm_up_s: quick ? 0 : 0.5,
  };
  const peers = Object.entries(PYTHON_PEERS).map(
    ([name, peer]): Contender => ({
      name,
      role: 'peer',
      program: { kind: 'python', file: 'encode_peer.py', spec: { ...spec, peer } },
      cosineMin: COSINE_MIN[name.split(' ').at(-1) as string] as number,
    }),
  );
  const transformersJs: Contender = {
    name: 'transformers.js fp32',
    role: 'peer',
    program: { kind: 'node-peer', file: 'encode_node.mjs', spec: { ...spec, peer: 'transformers-js' } },
  };
  return {
    id: `encode tokens=${tokens} batch=${batch} threads=${threads}`,
    group: 'Texts a second, tokenizer included',
    parameters: { tokens, batch, threads, purpose },
    unit: 'texts/s',
    better: 'higher',
    data: [set, calibration],
    contenders: [
      { name: 'Cosimo fp32', role: 'subject', program: { kind: 'node', file: 'encode.ts', spec } },
      ...peers,
      transformersJs,
    ],
    compare: 'vectors',
  };
}
