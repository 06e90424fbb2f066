/** Counts the multiply-adds of a pass through the encoder. */
import type { ModelConfig } from '../../../../src/model/model-config.ts';

type Shape = Pick<ModelConfig, 'hiddenSize' | 'intermediateSize' | 'layers'>;

/**
 * Multiply-adds of the products of all layers: projections, feed-forward, and attention by every token to every one of its text.
 * Sums, norms, GELU and softmax are not counted, nor is padding.
 *
 * @param lengths tokens of each text
 */
export function multiplyAddsOf({ hiddenSize, intermediateSize, layers }: Shape, lengths: readonly number[]): number {
  const dense = 4 * hiddenSize ** 2 + 2 * hiddenSize * intermediateSize;
  return lengths.reduce((sum, length) => sum + layers * length * (dense + 2 * length * hiddenSize), 0);
}
