/**
 * What the service makes of the encoder under it: texts over HTTP, beside the bare session and sentence-transformers; and how
 * good the vectors of a precision are.
 */
import { pathOf, type TextSet } from '../data/data-set.ts';
import type { SuiteOptions, Trial } from '../trial.ts';

const BATCH_TEXTS = 100;
const TEXTS = 200;
const QUICK_TEXTS = 10;
/** Of the texts that come alone: a short sentence, and a paragraph. */
const LONE_TOKENS = [16, 64];
const RANKED = 1000;
const QUICK_RANKED = 20;
const MAX_TOKENS = 256;
/** What sentence-transformers gives its model at once unless told otherwise. */
const INFERENCE_BATCH = 32;

export function encodeServiceTrials(options: SuiteOptions): Trial[] {
  const lone = options.quick ? LONE_TOKENS.slice(0, 1) : LONE_TOKENS;
  return [batchTrial(options), ...lone.map((tokens) => latencyTrial(tokens, options)), qualityTrial(options)];
}

function batchTrial({ quick, seed, threads }: SuiteOptions): Trial {
  const set: TextSet = { kind: 'texts', tokens: 'wide', count: quick ? QUICK_TEXTS : TEXTS, seed };
  const batch = quick ? QUICK_TEXTS : BATCH_TEXTS;
  const all = threads.at(-1) as number;
  const shared = { texts: pathOf(set), threads: all, round_s: quick ? 0.1 : 3, warm_up_s: quick ? 0 : 1 };
  const load = { operation: 'batch-mixed', batch, connections: 1, texts_per_call: batch, documents: 0, seed };
  const sorted = { peer: 'torch-fp32', batch, inference_batch: INFERENCE_BATCH, max_tokens: MAX_TOKENS };
  return {
    id: `encode over HTTP: POST /embed/batch, ${batch} texts of 5 to 250 tokens, clients=1`,
    group: 'Texts a second, over HTTP',
    parameters: { purpose: 'service', batch, tokens: 'wide', threads: all },
    unit: 'texts/s',
    better: 'higher',
    data: [set],
    contenders: [
      {
        name: 'Cosimo over HTTP',
        role: 'subject',
        program: { kind: 'node', file: 'http.ts', spec: { ...shared, ...load, service: 'cosimo' } },
      },
      {
        name: 'the bare session, its best batch',
        role: 'reference',
        program: { kind: 'node', file: 'session.ts', spec: shared },
      },
      {
        name: 'sentence-transformers, torch fp32',
        role: 'peer',
        program: { kind: 'python', file: 'encode_peer.py', spec: { ...shared, ...sorted } },
      },
    ],
  };
}

function latencyTrial(tokens: number, { quick, seed, threads }: SuiteOptions): Trial {
  const set: TextSet = { kind: 'texts', tokens, count: 64, seed };
  const shared = { texts: pathOf(set), threads: threads.at(-1), round_s: quick ? 0.1 : 2, warm_up_s: quick ? 0 : 1 };
  const load = { operation: 'batch-mixed', batch: 1, connections: 1, lean: true, latency: true, documents: 0, seed };
  return {
    id: `encode over HTTP: POST /embed/batch, one text of ${tokens} tokens, clients=1`,
    group: 'Median latency of one text, over HTTP',
    parameters: { purpose: 'latency', batch: 1, tokens, threads: threads.at(-1) as number },
    unit: 'ms',
    better: 'lower',
    data: [set],
    contenders: [
      {
        name: 'Cosimo over HTTP',
        role: 'subject',
        program: { kind: 'node', file: 'http.ts', spec: { ...shared, ...load, service: 'cosimo' } },
      },
      {
        name: 'the bare session',
        role: 'reference',
        program: { kind: 'node', file: 'session.ts', spec: { ...shared, latency: true } },
      },
    ],
  };
}

/** On the CPU, which computes most of fp16 in fp32: a GPU's vectors are somewhat further away. */
function qualityTrial({ quick, seed, threads }: SuiteOptions): Trial {
  const set: TextSet = { kind: 'texts', tokens: 'mixed', count: quick ? QUICK_RANKED : RANKED, seed };
  const spec = { texts: pathOf(set), threads: threads.at(-1), precision: 'fp16' };
  return {
    id: `encode quality: fp16, the ten nearest of ${set.count} sentences`,
    group: 'Share of the ten nearest sentences that fp32 finds too',
    parameters: { purpose: 'quality', tokens: 'mixed', threads: threads.at(-1) as number },
    unit: 'share',
    better: 'higher',
    data: [set],
    contenders: [{ name: 'Cosimo fp16', role: 'subject', program: { kind: 'node', file: 'precision.ts', spec } }],
  };
}
