/** The bare ONNX Runtime session under Cosimo: token ids that are there already, the best batches, nothing around it. */
import { readFileSync } from 'node:fs';
import { createOnnxEncoder } from '../../src/encoder/onnx-encoder.ts';
import { planBatches } from '../../src/encoder/plan-batches.ts';
import { loadTokenizer } from '../../src/encoder/tokenizer.ts';
import { readModelConfig } from '../../src/model/model-config.ts';
import type { TextFile } from '../data/data-set.ts';
import { type Round, serveRounds } from '../protocol.ts';
import { latencyRound, timedRound, warmUp } from './timed-round.ts';

interface SessionSpec {
  readonly model_dir: string;
  readonly texts: string;
  readonly threads: number;
  /** One text after another, and how long it takes in the median; else all texts, and how many a second. */
  readonly latency?: boolean;
  readonly round_s: number;
  readonly warm_up_s: number;
}

/** Tokens of one inference, padding included, of which the fastest is taken. */
const BATCH_TOKENS = [256, 512, 1024, 2048, 4096];
/** What an inference costs beside its tokens, about. */
const OVERHEAD_TOKENS = 16;

await serveRounds<SessionSpec>(async ({ model_dir: modelDir, ...spec }) => {
  const { texts } = JSON.parse(readFileSync(spec.texts, 'utf8')) as TextFile;
  const tokenizer = await loadTokenizer(modelDir, await readModelConfig(modelDir));
  const tokens = (await tokenizer.tokenize(texts)).map(({ ids }) => ids);
  const options = { modelDir, device: 'cpu', deviceId: 0, precision: 'fp32', threads: spec.threads } as const;
  const encoder = await createOnnxEncoder({ ...options, log: () => {} });

  /** Encodes all texts by batches of like length. */
  async function encodeAll(batchTokens: number): Promise<number> {
    const lengths = tokens.map(({ length }) => length);
    for (const batch of planBatches(lengths, batchTokens, OVERHEAD_TOKENS)) {
      await encoder.encode(batch.map((at) => tokens[at] as Int32Array));
    }
    return tokens.length;
  }

  let next = 0;
  async function oneByOne(): Promise<Round> {
    const { extra = {} } = await latencyRound(spec.round_s, () => {
      const ids = tokens[next % tokens.length] as Int32Array;
      next += 1;
      return encoder.encode([ids]);
    });
    return { value: extra['latency_p50_ms'] as number, extra };
  }

  if (spec.latency) {
    await warmUp(spec.warm_up_s, oneByOne);
    return { versions: { encoder: encoder.description }, round: oneByOne, close: () => encoder.close() };
  }
  await encodeAll(BATCH_TOKENS[0] as number);
  const rates: number[] = [];
  for (const batchTokens of BATCH_TOKENS) rates.push((await timedRound(0, () => encodeAll(batchTokens))).value);
  const best = BATCH_TOKENS[rates.indexOf(Math.max(...rates))] as number;
  return {
    versions: { encoder: encoder.description },
    round: async () => {
      const { value } = await timedRound(spec.round_s, () => encodeAll(best));
      return { value, extra: { batch_tokens: best } };
    },
    close: () => encoder.close(),
  };
});
