/** Rounds of a bare encoder: texts a second, multiply-adds a second, or the latency of one text. */
import { readFileSync } from 'node:fs';
import { countThatFit } from '../../../../src/encoder/queue/plan-batches.ts';
import { readModelConfig } from '../../../../src/model/model-config.ts';
import type { TextFile } from '../../data/data-set.ts';
import { type Round, serveRounds } from '../../trial/protocol.ts';
import { latencyRound, timedRound, warmUp } from '../timed-round.ts';
import { BATCH_TOKENS, type EncoderSpec, encodeAll, modelTokenizer, startBareEncoder } from './bare-encoder.ts';
import { bestSize } from './best-size.ts';
import { multiplyAddsOf } from './multiply-adds.ts';

type BareSpec = EncoderSpec & {
  readonly texts: string;
  /** True: one text at a time, median latency. False: all at once, texts/s. */
  readonly latency?: boolean;
  /** True: the value is 10⁹ multiply-adds a second instead of texts. */
  readonly multiply_adds?: boolean;
  readonly round_s: number;
  readonly warm_up_s: number;
};

/** Tokens encoded to choose the batch size: two of the largest batches. */
const TRIED_TOKENS = 2 * Math.max(...BATCH_TOKENS);

await serveRounds<BareSpec>(async (spec) => {
  const { texts } = JSON.parse(readFileSync(spec.texts, 'utf8')) as TextFile;
  const tokens = (await (await modelTokenizer(spec.model_dir)).tokenize(texts)).map(({ ids }) => ids);
  const encoder = await startBareEncoder(spec);

  let next = 0;
  async function oneByOne(): Promise<Round> {
    const { extra = {} } = await latencyRound(spec.round_s, () => {
      const ids = tokens[next % tokens.length] as Int32Array;
      next += 1;
      return encoder.encode([ids]);
    });
    return { value: extra['latency_p50_ms'] as number, extra };
  }

  const about = { versions: { encoder: encoder.description }, close: () => encoder.close() };
  if (spec.latency) {
    await warmUp(spec.warm_up_s, oneByOne);
    return { ...about, round: oneByOne };
  }
  const lengths = tokens.map(({ length }) => length);
  const tried = tokens.slice(0, countThatFit(lengths, TRIED_TOKENS));
  const best = await bestSize(BATCH_TOKENS, (size) => encodeAll(encoder, tried, size));
  const units = spec.multiply_adds
    ? multiplyAddsOf(await readModelConfig(spec.model_dir), lengths) / 1e9
    : texts.length;
  const all = async () => {
    await encodeAll(encoder, tokens, best);
    return units;
  };
  const round = async () => {
    const { value } = await timedRound(spec.round_s, all);
    return { value, extra: { batch_tokens: best, texts_per_s: (value / units) * texts.length } };
  };
  await warmUp(spec.warm_up_s, round);
  return { ...about, round };
});
