/** Cosimo's encoder: text → vector, tokenizer included, in this thread as its worker does it. */
import { readFileSync } from 'node:fs';
import { createOnnxEncoder } from '../../src/encoder/onnx-encoder.ts';
import { planBatches } from '../../src/encoder/plan-batches.ts';
import { loadTokenizer } from '../../src/encoder/tokenizer.ts';
import type { TextFile } from '../data/data-set.ts';
import { serveRounds } from '../protocol.ts';
import { timedRound, warmUp } from './timed-round.ts';

/** The same that bench/peers/encode_peer.py takes. */
interface EncodeSpec {
  readonly model_dir: string;
  readonly texts: string;
  readonly batch: number;
  readonly threads: number;
  readonly max_tokens: number;
  readonly round_s: number;
  readonly warm_up_s: number;
}

/** The service's own bound on one inference. */
const BATCH_TOKENS = 2048;
const ANSWERED_TEXTS = 16;

await serveRounds<EncodeSpec>(async (spec) => {
  const { texts, tokens } = JSON.parse(readFileSync(spec.texts, 'utf8')) as TextFile;
  const tokenizer = await loadTokenizer(spec.model_dir, spec.max_tokens);
  const encoder = await createOnnxEncoder({
    modelDir: spec.model_dir,
    device: 'cpu',
    threads: spec.threads,
    log: () => {},
  });

  async function encode(batch: readonly string[]): Promise<Float32Array[]> {
    const ids = await tokenizer.tokenize(batch);
    const vectors: Float32Array[] = [];
    const plan = planBatches(
      ids.map(({ length }) => length),
      BATCH_TOKENS,
    );
    for (const part of plan) {
      const encoded = await encoder.encode(part.map((at) => ids[at] as Int32Array));
      part.forEach((at, i) => {
        vectors[at] = encoded.slice(i * encoder.dimensions, (i + 1) * encoder.dimensions);
      });
    }
    return vectors;
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
    versions: { encoder: encoder.description },
    round,
    answers: async () => ({ vectors: (await encode(texts.slice(0, ANSWERED_TEXTS))).map((vector) => [...vector]) }),
    close: () => encoder.close(),
  };
});
