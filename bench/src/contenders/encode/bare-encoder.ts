/** The encoders under Cosimo by themselves: token ids that are there already, the batches that each likes, nothing around them. */

import type { Encoder } from '../../../../src/encoder/encoder.ts';
import { createNativeEncoder } from '../../../../src/encoder/native/native-encoder.ts';
import { createOnnxEncoder } from '../../../../src/encoder/onnx/onnx-encoder.ts';
import { countThatFit, planBatches } from '../../../../src/encoder/queue/plan-batches.ts';
import { loadTokenizer, type Tokenizer } from '../../../../src/encoder/tokenizer/tokenizer.ts';
import { readModelConfig } from '../../../../src/model/model-config.ts';
import type { NativePrecision } from '../../../../src/native/transformer-encoder.ts';

export type EncoderAsked = {
  readonly model_dir: string;
  readonly threads: number;
} & (
  | { readonly encoder: 'native'; readonly precision: NativePrecision }
  | { readonly encoder: 'onnx'; readonly precision: 'fp32' | 'fp16' }
);

/** Tokens of one inference, padding included where there is any, of which the fastest is to be taken. */
export const BATCH_TOKENS = [256, 512, 1024, 2048, 4096];
/** What an inference of ONNX Runtime costs beside its tokens, about. */
const OVERHEAD_TOKENS = 16;

/** On the CPU. */
export async function startBareEncoder(asked: EncoderAsked): Promise<Encoder> {
  const { model_dir: modelDir, threads } = asked;
  if (asked.encoder === 'native') return createNativeEncoder({ modelDir, threads, precision: asked.precision });
  return createOnnxEncoder({ modelDir, threads, precision: asked.precision, device: 'cpu', deviceId: 0, log() {} });
}

export async function modelTokenizer(modelDir: string): Promise<Tokenizer> {
  return loadTokenizer(modelDir, await readModelConfig(modelDir));
}

/**
 * Encodes texts as the encoder has it easiest: by batches of like length where it pads, in their order and several under way
 * where it doesn't.
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
