/** How much of the encoder's speed is left over HTTP: the service beside the bare native encoder and sentence-transformers. */
import type { NativePrecision } from '../../../../src/native/transformer-encoder.ts';
import { pathOf, type TextSet } from '../../data/data-set.ts';
import type { Contender, SuiteOptions, Trial } from '../../trial/trial.ts';
import { kernelFor, PRECISIONS } from './encoder-kernels.ts';

const BATCH_TEXTS = 100;
const TEXTS = 200;
const QUICK_TEXTS = 10;
/** Tokens of the single texts: a short sentence, and a paragraph. */
const LONE_TOKENS = [16, 64];
/** Clients send these texts in turn, again and again: each round encodes all of them about as often. */
const SINGLE_TEXTS = 512;
const QUICK_SINGLE_TEXTS = 32;
const CLIENTS = 64;
const QUICK_CLIENTS = 4;
const MAX_TOKENS = 256;
/** Batch sizes that sentence-transformers chooses from. */
const INFERENCE_BATCHES = [8, 16, 32, 64];

/** The fields that the specs of the service and of the bare encoder share. */
type Encoding = Readonly<Record<'texts' | 'encoder' | 'precision', string> & Record<'threads' | 'round_s', number>> & {
  readonly warm_up_s: number;
};

export function encodeServiceTrials(options: SuiteOptions): Trial[] {
  const lone = options.quick ? LONE_TOKENS.slice(0, 1) : LONE_TOKENS;
  const precisions = PRECISIONS.filter((precision) => kernelFor(precision, options.cpu) !== undefined);
  return [
    batchTrial(options),
    ...lone.map((tokens) => latencyTrial(tokens, options)),
    ...(options.quick ? precisions.slice(0, 1) : precisions).map((precision) => singlesTrial(precision, options)),
  ];
}

function encodingOf(set: TextSet, precision: NativePrecision, round_s: number, options: SuiteOptions): Encoding {
  const time = options.quick ? { round_s: 0.1, warm_up_s: 0 } : { round_s, warm_up_s: 1 };
  return { texts: pathOf(set), encoder: 'native', precision, threads: options.threads.at(-1) as number, ...time };
}

function overHttp(encoding: Encoding, load: Readonly<Record<string, unknown>>): Contender {
  const spec = { ...encoding, ...load, documents: 0, service: 'cosimo' };
  return { name: 'Cosimo over HTTP', role: 'subject', program: { kind: 'node', file: 'http.ts', spec } };
}

function bare(encoding: Encoding, name: string, how: Readonly<Record<string, unknown>> = {}): Contender {
  return {
    name,
    role: 'reference',
    program: { kind: 'node', file: 'encode/encode-rounds.ts', spec: { ...encoding, ...how } },
  };
}

function batchTrial(options: SuiteOptions): Trial {
  const { quick, seed } = options;
  const set: TextSet = { kind: 'texts', tokens: 'wide', count: quick ? QUICK_TEXTS : TEXTS, seed };
  const batch = quick ? QUICK_TEXTS : BATCH_TEXTS;
  const encoding = encodingOf(set, 'fp32', 3, options);
  const { threads } = encoding;
  const sorted = { peer: 'torch-fp32', batch, inference_batches: INFERENCE_BATCHES, max_tokens: MAX_TOKENS };
  return {
    id: `encode over HTTP: POST /embed/batch, ${batch} texts of 5 to 250 tokens, clients=1`,
    group: 'Texts a second, over HTTP',
    parameters: { purpose: 'service', batch, tokens: 'wide', threads },
    unit: 'texts/s',
    better: 'higher',
    data: [set],
    contenders: [
      overHttp(encoding, { operation: 'batch-mixed', batch, connections: 1, texts_per_call: batch, seed }),
      bare(encoding, 'the bare encoder, its best batch'),
      {
        name: 'sentence-transformers, torch fp32',
        role: 'peer',
        program: { kind: 'python', file: 'encode_peer.py', spec: { ...encoding, ...sorted } },
      },
    ],
  };
}

/** Lean clients: on a machine of few cores, others would take time from the encoder. */
function singlesTrial(precision: NativePrecision, options: SuiteOptions): Trial {
  const { quick, seed } = options;
  const set: TextSet = { kind: 'texts', tokens: 'mixed', count: quick ? QUICK_SINGLE_TEXTS : SINGLE_TEXTS, seed };
  const clients = quick ? QUICK_CLIENTS : CLIENTS;
  const encoding = encodingOf(set, precision, 3, options);
  return {
    id: `encode over HTTP in ${precision}: POST /embed, single sentences, clients=${clients}`,
    group: 'Texts a second, over HTTP',
    parameters: { purpose: 'service', precision, batch: 1, tokens: 'mixed', threads: encoding.threads },
    unit: 'texts/s',
    better: 'higher',
    data: [set],
    contenders: [
      overHttp(encoding, { operation: 'embed-mixed', connections: clients, lean: true, seed }),
      bare(encoding, 'the bare encoder, its best batch'),
    ],
  };
}

function latencyTrial(tokens: number, options: SuiteOptions): Trial {
  const { seed } = options;
  const set: TextSet = { kind: 'texts', tokens, count: 64, seed };
  const encoding = encodingOf(set, 'fp32', 2, options);
  return {
    id: `encode over HTTP: POST /embed/batch, one text of ${tokens} tokens, clients=1`,
    group: 'Median latency of one text, over HTTP',
    parameters: { purpose: 'latency', batch: 1, tokens, threads: encoding.threads },
    unit: 'ms',
    better: 'lower',
    data: [set],
    contenders: [
      overHttp(encoding, { operation: 'batch-mixed', batch: 1, connections: 1, lean: true, latency: true, seed }),
      bare(encoding, 'the bare encoder', { latency: true }),
    ],
  };
}
