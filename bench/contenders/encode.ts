/** Cosimo's encoding pipeline: text → vector, tokenizer included, as the service has it. */
import { readFileSync } from 'node:fs';
import { startPipeline } from '../../src/encoder/encoding-pipeline.ts';
import type { TextFile } from '../data/data-set.ts';
import { serveRounds } from '../protocol.ts';
import { timedRound, warmUp } from './timed-round.ts';

/** The same that bench/peers/encode_peer.py takes. */
interface EncodeSpec {
  readonly model_dir: string;
  readonly texts: string;
  readonly batch: number;
  readonly threads: number;
  readonly round_s: number;
  readonly warm_up_s: number;
}

const ANSWERED_TEXTS = 16;

await serveRounds<EncodeSpec>(async (spec) => {
  const { texts, tokens } = JSON.parse(readFileSync(spec.texts, 'utf8')) as TextFile;
  const pipeline = await startPipeline(
    {
      modelDir: spec.model_dir,
      ...{ device: 'cpu', deviceId: 0, precision: 'fp32', workers: 1, threads: spec.threads },
      ...{ batchTokens: 0, tokensMax: Number.MAX_SAFE_INTEGER, bytesMax: Number.MAX_SAFE_INTEGER },
    },
    { log: () => {} },
  );

  async function encode(batch: readonly string[]): Promise<Float32Array[]> {
    const encoded = await Promise.all(pipeline.queue.enqueue(batch));
    return encoded.map(({ vector }) => vector);
  }

  let next = 0;
  let doneTokens = 0;
  const round = async () => {
    doneTokens = 0;
    const began_ms = performance.now();
    const { value } = await timedRound(spec.round_s, async () => {
      const batch = texts.slice(next, next + spec.batch);
      for (let at = next; at < next + batch.length; at += 1) doneTokens += tokens[at] as number;
      next = next + spec.batch >= texts.length ? 0 : next + spec.batch;
      await encode(batch);
      return batch.length;
    });
    return { value, extra: { tokens_per_s: (doneTokens / (performance.now() - began_ms)) * 1000 } };
  };
  await warmUp(spec.warm_up_s, round);
  return {
    versions: { encoder: pipeline.description },
    round,
    answers: async () => ({ vectors: (await encode(texts.slice(0, ANSWERED_TEXTS))).map((vector) => [...vector]) }),
    close: () => pipeline.close(),
  };
});
