/** Finds an encoder's tensors by the names of transformers, and checks shape and type. */
import { CosimoError } from '../errors.ts';
import type { LocatedTensor } from './weights.ts';

export interface TensorSource {
  /** The file that errors name when a tensor is missing. */
  readonly source: string;
  readonly tensors: ReadonlyMap<string, LocatedTensor>;
}

const FLOAT_TYPES = ['F32', 'F16', 'BF16'] as const;
export type FloatType = (typeof FLOAT_TYPES)[number];

export interface FloatTensor extends LocatedTensor {
  readonly dtype: FloatType;
}

/** Tensor names begin with one of these; not empty where the encoder was saved as a part of a larger model. */
const NAME_PREFIXES = ['', 'bert.', 'roberta.', 'distilbert.'];
const WORD_TABLE = 'embeddings.word_embeddings.weight';

export class TensorFinder {
  readonly #source: TensorSource;
  readonly #prefix: string;

  constructor(source: TensorSource) {
    this.#source = source;
    this.#prefix = NAME_PREFIXES.find((prefix) => source.tensors.has(prefix + WORD_TABLE)) ?? '';
  }

  /**
   * @param shape null for any size
   * @throws CosimoError `model_invalid` for a tensor that is missing, of another shape or of a type that Cosimo doesn't read
   */
  find(name: string, shape: readonly (number | null)[]): FloatTensor {
    const { source, tensors } = this.#source;
    const tensor = tensors.get(this.#prefix + name);
    if (tensor === undefined) throw new CosimoError('model_invalid', `${source} lacks the tensor ${name}.`);
    const { file, dtype } = tensor;
    const fits =
      tensor.shape.length === shape.length &&
      shape.every((size, at) => (size ?? tensor.shape[at]) === tensor.shape[at]);
    if (!fits) {
      const wanted = shape.map((size) => size ?? 'any').join(', ');
      throw new CosimoError(
        'model_invalid',
        `${file}: ${name} has the shape [${tensor.shape.join(', ')}] where config.json asks for [${wanted}].`,
      );
    }
    if (!isFloatType(dtype)) {
      throw new CosimoError('model_invalid', `${file}: ${name} is ${dtype}; Cosimo reads ${FLOAT_TYPES.join(', ')}.`);
    }
    return { ...tensor, dtype };
  }
}

function isFloatType(dtype: string): dtype is FloatType {
  return (FLOAT_TYPES as readonly string[]).includes(dtype);
}
