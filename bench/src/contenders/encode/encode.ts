/**
 * Text → vector by one of Cosimo's encoders, as the peers do it: a call tokenizes its texts, then encodes them. The trials over
 * HTTP measure the threads and the queue that the service has between the two.
 */
import { readFileSync } from 'node:fs';
import type { TextFile } from '../../data/data-set.ts';
import { serveRounds } from '../../trial/protocol.ts';
import { timedRound, warmUp } from '../timed-round.ts';
import { BATCH_TOKENS, type EncoderSpec, encodeAll, modelTokenizer, startBareEncoder } from './bare-encoder.ts';
import { bestSize } from './best-size.ts';

/** bench/peers/encode_peer.py takes these fields except `encoder` and `precision`, and further ones. */
type EncodeSpec = EncoderSpec & {
  readonly texts: string;
  readonly batch: number;
  readonly round_s: number;
  readonly warm_up_s: number;
};

const ANSWERED_TEXTS = 16;

await serveRounds<EncodeSpec>(async (spec) => {
  const { texts, tokens } = JSON.parse(readFileSync(spec.texts, 'utf8')) as TextFile;
  const tokenizer = await modelTokenizer(spec.model_dir);
  const encoder = await startBareEncoder(spec);

  async function encode(batch: readonly string[], batchTokens: number): Promise<Float32Array[]> {
    const tokenized = await tokenizer.tokenize(batch);
    return encodeAll(
      encoder,
      tokenized.map(({ ids }) => ids),
      batchTokens,
    );
  }

  const sizes = spec.batch === 1 ? BATCH_TOKENS.slice(0, 1) : BATCH_TOKENS;
  const best = await bestSize(sizes, (size) => encode(texts.slice(0, spec.batch), size));
  let next = 0;
  let doneTokens = 0;
  const round = async () => {
    doneTokens = 0;
    const began_ms = performance.now();
    const { value } = await timedRound(spec.round_s, async () => {
      const batch = texts.slice(next, next + spec.batch);
      for (let at = next; at < next + batch.length; at += 1) doneTokens += tokens[at] as number;
      next = next + spec.batch >= texts.length ? 0 : next + spec.batch;
      await encode(batch, best);
      return batch.length;
    });
    const tokens_per_s = (doneTokens / (performance.now() - began_ms)) * 1000;
    return { value, extra: { tokens_per_s, batch_tokens: best } };
  };
  await warmUp(spec.warm_up_s, round);
  return {
    versions: { encoder: encoder.description },
    round,
    answers: async () => ({
      vectors: (await encode(texts.slice(0, ANSWERED_TEXTS), best)).map((vector) => [...vector]),
    }),
    close: () => encoder.close(),
  };
});
