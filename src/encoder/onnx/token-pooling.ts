/** Makes one vector from a text's token vectors, for ONNX files whose output is token vectors. */
import type { ModelConfig } from '../../model/model-config.ts';

export interface TokenVectors {
  /** [batch, sequence, dimensions], row by row; texts begin at the left. */
  readonly values: Float32Array;
  /** Tokens of each text; padding follows them. */
  readonly lengths: readonly number[];
  readonly sequence: number;
  readonly dimensions: number;
}

/** As in torch.nn.functional.normalize: a vector of a smaller norm stays short instead of becoming infinite. */
const NORM_MIN = 1e-12;

/** @returns `lengths.length × dimensions` floats, of L2 norm 1 if `normalize` is set */
export function poolTokens(tokens: TokenVectors, config: Pick<ModelConfig, 'pooling' | 'normalize'>): Float32Array {
  const { values, lengths, sequence, dimensions } = tokens;
  const vectors = new Float32Array(lengths.length * dimensions);
  const pool = { mean: poolMean, cls: poolFirst, max: poolMax }[config.pooling];
  lengths.forEach((length, text) => {
    const vector = new Float64Array(dimensions);
    const start = text * sequence * dimensions;
    pool(values.subarray(start, start + length * dimensions), length, vector);
    if (config.normalize) normalizeVector(vector);
    vectors.set(vector, text * dimensions);
  });
  return vectors;
}

function poolMean(tokens: Float32Array, length: number, vector: Float64Array): void {
  const { length: dimensions } = vector;
  for (let at = 0; at < tokens.length; at += 1) (vector[at % dimensions] as number) += tokens[at] as number;
  for (let at = 0; at < dimensions; at += 1) (vector[at] as number) /= Math.max(1, length);
}

function poolFirst(tokens: Float32Array, _length: number, vector: Float64Array): void {
  vector.set(tokens.subarray(0, vector.length));
}

function poolMax(tokens: Float32Array, length: number, vector: Float64Array): void {
  const { length: dimensions } = vector;
  if (length > 0) vector.fill(Number.NEGATIVE_INFINITY);
  for (let at = 0; at < tokens.length; at += 1) {
    vector[at % dimensions] = Math.max(vector[at % dimensions] as number, tokens[at] as number);
  }
}

function normalizeVector(vector: Float64Array): void {
  const norm = Math.max(NORM_MIN, Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0)));
  for (let at = 0; at < vector.length; at += 1) (vector[at] as number) /= norm;
}
