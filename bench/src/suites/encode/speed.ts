/**
 * Texts a second of one caller in one process: each precision beside the peers of that precision. A call tokenizes its texts and
 * then encodes them. Every contender has the same threads and the batch size that suits it best.
 */
import type { NativePrecision } from '../../../../src/native/transformer-encoder.ts';
import { pathOf, type TextSet } from '../../data/data-set.ts';
import type { Contender, SuiteOptions, Trial } from '../../trial/trial.ts';
import { forcedKernel, kernelFor, PRECISIONS } from './encoder-kernels.ts';

interface Shape {
  /** Texts of a call. */
  readonly texts: number;
  readonly tokens: TextSet['tokens'];
  readonly name: string;
}

const MIXED: Shape = { texts: 128, tokens: 'short', name: '128 texts of 4 to 63 tokens' };
const SHAPES: readonly Shape[] = [
  { texts: 1, tokens: 16, name: '1 text of 16 tokens' },
  { texts: 32, tokens: 32, name: '32 texts of 32 tokens' },
  { texts: 32, tokens: 128, name: '32 texts of 128 tokens' },
  { texts: 8, tokens: 256, name: '8 texts of 256 tokens' },
  MIXED,
];
const QUICK_SHAPE: Shape = { texts: 4, tokens: 16, name: '4 texts of 16 tokens' };
const TEXTS_MIN = 64;
const CALIBRATION_TEXTS = 256;
const QUICK_TEXTS = 32;
const MAX_TOKENS = 256;
/** Batch sizes that the peers choose from. */
const INFERENCE_BATCHES = [4, 8, 16, 32, 64];

/** Kernels of older CPUs, forced; measured on mixed lengths alone. */
const FORCED = [
  { precision: 'fp32', family: 'avx2', name: 'AVX2' },
  { precision: 'bf16', family: 'avx512', name: 'AVX-512' },
  { precision: 'int8', family: 'avx512', name: 'AVX-512' },
] as const;

const PYTHON_PEERS: Readonly<Record<NativePrecision, Readonly<Record<string, string>>>> = {
  fp32: {
    'sentence-transformers, torch fp32': 'torch-fp32',
    'ONNX Runtime, community fp32': 'ort-fp32',
    'OpenVINO fp32': 'openvino-fp32',
  },
  bf16: { 'sentence-transformers, torch bf16': 'torch-bf16', 'OpenVINO bf16': 'openvino-bf16' },
  int8: { 'ONNX Runtime, community int8': 'ort-int8', 'OpenVINO int8': 'openvino-int8' },
};
/** The least cosine between a peer's vectors and ours of the same or a higher precision. */
const COSINE_MIN: Readonly<Record<NativePrecision, number>> = { fp32: 0.9999, bf16: 0.999, int8: 0.95 };

interface Speed {
  readonly precision: NativePrecision;
  readonly shape: Shape;
  readonly threads: number;
  readonly forced?: { readonly family: string; readonly name: string };
}

export function speedTrials(options: SuiteOptions): Trial[] {
  const { quick, cpu } = options;
  const threads = quick ? options.threads.slice(-1) : options.threads;
  const shapes = quick ? [QUICK_SHAPE] : SHAPES;
  const own = PRECISIONS.filter((precision) => kernelFor(precision, cpu) !== undefined).flatMap((precision) =>
    shapes.flatMap((shape) => threads.map((count): Speed => ({ precision, shape, threads: count }))),
  );
  const forced = FORCED.filter(({ precision, family }) => forcedKernel(precision, family, cpu) !== undefined).flatMap(
    (kernel) =>
      threads.map(
        (count): Speed => ({
          precision: kernel.precision,
          shape: quick ? QUICK_SHAPE : MIXED,
          threads: count,
          forced: kernel,
        }),
      ),
  );
  return [...own, ...forced].map((speed) => speedTrial(speed, options));
}

function speedTrial({ precision, shape, threads, forced }: Speed, options: SuiteOptions): Trial {
  const { quick, seed, cpu } = options;
  const set: TextSet = { kind: 'texts', tokens: shape.tokens, count: Math.max(shape.texts, TEXTS_MIN), seed };
  // Peers calibrate on sentences of mixed lengths in every trial, so that all trials share one int8 model.
  const calibration: TextSet = { ...set, tokens: 'mixed', count: quick ? QUICK_TEXTS : CALIBRATION_TEXTS };
  const sizes = INFERENCE_BATCHES.filter((size) => size <= shape.texts);
  const spec = {
    texts: pathOf(set),
    calibration: pathOf(calibration),
    batch: shape.texts,
    threads,
    inference_batches: sizes.length === 0 ? [shape.texts] : sizes,
    max_tokens: MAX_TOKENS,
    round_s: quick ? 0.05 : 0.8,
    warm_up_s: quick ? 0 : 0.5,
  };
  const environment = forced && { COSIMO_KERNEL: forced.family };
  const title = forced === undefined ? precision : `${precision} on ${forced.name}`;
  const subject: Contender = {
    name: `Cosimo ${title}`,
    role: 'subject',
    program: {
      kind: 'node',
      file: 'encode/encode.ts',
      spec: { ...spec, encoder: 'native', precision },
      ...(environment && { environment }),
    },
  };
  const onOnnxRuntime: Contender = {
    name: 'Cosimo fp32 on ONNX Runtime',
    role: 'reference',
    program: { kind: 'node', file: 'encode/encode.ts', spec: { ...spec, encoder: 'onnx', precision: 'fp32' } },
  };
  // On AMX the peers' int8 is nearest in speed to our bf16.
  const family = forced?.family ?? kernelFor(precision, cpu)?.family;
  const rivals: NativePrecision[] = precision === 'bf16' && family === 'amx' ? ['bf16', 'int8'] : [precision];
  return {
    id: `encode ${title}: ${shape.name}, threads=${threads}`,
    group: `Texts a second, tokenizer included: ${title}`,
    parameters: {
      purpose: forced === undefined ? 'speed' : 'older kernel',
      precision,
      batch: shape.texts,
      tokens: shape.tokens,
      threads,
      cores: threads === options.threads.at(-1) ? 'all' : 'one',
    },
    unit: 'texts/s',
    better: 'higher',
    data: [set, calibration],
    contenders: [
      subject,
      ...(precision === 'fp32' ? [onOnnxRuntime] : []),
      ...rivals.flatMap((rival) => pythonPeers(rival, spec)),
      ...(precision === 'fp32' ? [transformersJs(spec)] : []),
    ],
    compare: 'vectors',
  };
}

function pythonPeers(precision: NativePrecision, spec: Readonly<Record<string, unknown>>): Contender[] {
  return Object.entries(PYTHON_PEERS[precision]).map(([name, peer]) => ({
    name,
    role: 'peer',
    program: { kind: 'python', file: 'encode_peer.py', spec: { ...spec, peer } },
    cosineMin: COSINE_MIN[precision],
  }));
}

function transformersJs(spec: Readonly<Record<string, unknown>>): Contender {
  const program = { kind: 'node-peer', file: 'encode_node.mjs', spec: { ...spec, peer: 'transformers-js' } } as const;
  return { name: 'transformers.js fp32', role: 'peer', program };
}
