/** Cosimo's encoders without the service: they take token ids, in batches that suit each encoder. */

import type { Encoder } from '../../../../src/encoder/encoder.ts';
import { createNativeEncoder } from '../../../../src/encoder/native/native-encoder.ts';
import { createOnnxEncoder } from '../../../../src/encoder/onnx/onnx-encoder.ts';
import { countThatFit, planBatches } from '../../../../src/encoder/queue/plan-batches.ts';
import { loadTokenizer, type Tokenizer } from '../../../../src/encoder/tokenizer/tokenizer.ts';
import { readModel } from '../../../../src/model/model.ts';
import { readModelConfig } from '../../../../src/model/model-config.ts';
import type { NativePrecision } from '../../../../src/native/transformer-encoder.ts';

export type EncoderSpec = {
  readonly model_dir: string;
  readonly threads: number;
} & (
  | { readonly encoder: 'native'; readonly precision: NativePrecision }
  | { readonly encoder: 'onnx'; readonly precision: 'fp32' | 'fp16' }
);

/** Batch sizes to choose from, in tokens, padding included. */
export const BATCH_TOKENS = [256, 512, 1024, 2048, 4096];
/** The approximate fixed cost of one ONNX Runtime inference, in tokens. */
const OVERHEAD_TOKENS = 16;

/** Starts an encoder on the CPU. */
export async function startBareEncoder(asked: EncoderSpec): Promise<Encoder> {
  const { threads } = asked;
  const model = await readModel(asked.model_dir);
  if (asked.encoder === 'native') return createNativeEncoder({ model, threads, precision: asked.precision });
  return createOnnxEncoder({ model, threads, precision: asked.precision, device: 'cpu', deviceId: 0, log() {} });
}

export async function modelTokenizer(modelDir: string): Promise<Tokenizer> {
  return loadTokenizer(modelDir, await readModelConfig(modelDir));
}

/**
 * Encodes texts in the way that suits the encoder: in batches of similar length if it pads, else in order with several in flight.
 *
 * @returns the vector of each text
 */
export async function encodeAll(
  encoder: Encoder,
  tokens: readonly Int32Array[],
  batchTokens: number,
): Promise<Float32Array[]> {
  const { dimensions } = encoder;
  const vectors: Float32Array[] = [];
  const encode = async (batch: readonly number[]) => {
    const encoded = await encoder.encode(batch.map((at) => tokens[at] as Int32Array));
    for (const [i, at] of batch.entries()) vectors[at] = encoded.subarray(i * dimensions, (i + 1) * dimensions);
  };
  const lengths = tokens.map(({ length }) => length);
  if (encoder.pads) {
    for (const batch of planBatches(lengths, batchTokens, OVERHEAD_TOKENS)) await encode(batch);
  } else {
    await Promise.all(inTurn(lengths, batchTokens).map(encode));
  }
  return vectors;
}

function inTurn(lengths: readonly number[], batchTokens: number): number[][] {
  const batches: number[][] = [];
  for (let begin = 0; begin < lengths.length; ) {
    const end = begin + countThatFit(lengths.slice(begin), batchTokens);
    batches.push(Array.from({ length: end - begin }, (_, i) => begin + i));
    begin = end;
  }
  return batches;
}
