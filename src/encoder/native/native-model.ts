/** Checks whether the native encoder takes a model, and gives it the places of the model's tensors. */
import { join } from 'node:path';
import type { ModelConfig } from '../../model/model-config.ts';
import { layerNames } from '../../model/tensor-names.ts';
import { TensorFinder, type TensorSource } from '../../model/tensor-source.ts';
import type { Weights } from '../../model/weights.ts';
import { native } from '../../native/binding.ts';
import type { NativeEncoderLayer, NativeEncoderModel, NativeTensorPlace } from '../../native/transformer-encoder.ts';

/** @returns why the native encoder doesn't take the model; undefined when it does */
export function unsupportedReason(config: ModelConfig, weights: Weights): string | undefined {
  if (weights.kind === 'onnx') return `it is an ONNX file, ${weights.file}`;
  return native.TransformerEncoder.whyUnsupported(config);
}

/** @throws CosimoError `model_invalid` for a tensor that is missing, of another shape or of a type that Cosimo doesn't read */
export function nativeModel(modelDir: string, config: ModelConfig, source: TensorSource): NativeEncoderModel {
  const { architecture, hiddenSize, heads, intermediateSize, vocabSize, maxPositions } = config;
  const { layerNormEps, pooling, normalize, padTokenId } = config;
  const tensors = new TensorPlaces(modelDir, source);
  const table = (name: string, rows: number | null) => tensors.place(`embeddings.${name}.weight`, [rows, hiddenSize]);
  return {
    hiddenSize,
    heads,
    intermediateSize,
    vocabSize,
    maxPositions,
    layerNormEps,
    pooling,
    normalize,
    ...(architecture === 'roberta' && { paddingId: padTokenId }),
    words: table('word_embeddings', vocabSize),
    positions: table('position_embeddings', maxPositions),
    ...(architecture !== 'distilbert' && { tokenTypes: table('token_type_embeddings', null) }),
    norm: tensors.norm('embeddings.LayerNorm', hiddenSize),
    layers: Array.from({ length: config.layers }, (_, layer) => layerOf(tensors, config, layer)),
  };
}

function layerOf(tensors: TensorPlaces, config: ModelConfig, layer: number): NativeEncoderLayer {
  const { hiddenSize, intermediateSize } = config;
  const names = layerNames(config.architecture, layer);
  const [query, key, value] = names.queryKeyValue as [string, string, string];
  const square = (prefix: string) => tensors.dense(prefix, hiddenSize, hiddenSize);
  return {
    query: square(query),
    key: square(key),
    value: square(value),
    attentionOutput: square(names.attentionOutput),
    attentionNorm: tensors.norm(names.attentionNorm, hiddenSize),
    intermediate: tensors.dense(names.intermediate, intermediateSize, hiddenSize),
    output: tensors.dense(names.output, hiddenSize, intermediateSize),
    outputNorm: tensors.norm(names.outputNorm, hiddenSize),
  };
}

class TensorPlaces {
  readonly #modelDir: string;
  readonly #tensors: TensorFinder;

  constructor(modelDir: string, source: TensorSource) {
    this.#modelDir = modelDir;
    this.#tensors = new TensorFinder(source);
  }

  place(name: string, shape: readonly (number | null)[]): NativeTensorPlace {
    const { file, byteOffset, dtype } = this.#tensors.find(name, shape);
    return { path: join(this.#modelDir, file), byteOffset, dtype };
  }

  dense(prefix: string, outputs: number, inputs: number) {
    return {
      weight: this.place(`${prefix}.weight`, [outputs, inputs]),
      bias: this.place(`${prefix}.bias`, [outputs]),
    };
  }

  norm(prefix: string, size: number) {
    return { weight: this.place(`${prefix}.weight`, [size]), bias: this.place(`${prefix}.bias`, [size]) };
  }
}
