/** The addon's own encoder for the CPU. It works on threads of its own: the event loop only hands batches over. */
import { CosimoError, errorCodeOf } from '../../errors.ts';
import type { Model } from '../../model/model.ts';
import { native } from '../../native/binding.ts';
import { cancelledBy } from '../../native/cancellable.ts';
import type { NativePrecision, NativeTransformerEncoder } from '../../native/transformer-encoder.ts';
import type { Encoder } from '../encoder.ts';
import { nativeModel, unsupportedReason } from './native-model.ts';

export interface NativeEncoderOptions {
  readonly model: Model;
  readonly precision: NativePrecision;
  /** All of them work on one batch, even on a single text. */
  readonly threads: number;
}

export class NativeEncoder implements Encoder {
  readonly dimensions: number;
  readonly device = 'cpu';
  readonly precision: NativePrecision;
  readonly kernel: string;
  readonly description: string;
  readonly pads = false;
  readonly #encoder: NativeTransformerEncoder;

  /** @param encoder loaded */
  constructor(encoder: NativeTransformerEncoder) {
    this.#encoder = encoder;
    this.dimensions = encoder.dimensions;
    this.precision = encoder.precision;
    this.kernel = encoder.kernel;
    this.description = `native encoder (${encoder.kernel}), cpu, ${encoder.precision}`;
  }

  /** Memory of the weights and of what the threads work in. */
  get memoryBytes(): number {
    return this.#encoder.memoryBytes;
  }

  /** Several batches may be under way. A text without a token, where a tokenizer puts none around it, has the vector 0. */
  async encode(batch: readonly Int32Array[], signal?: AbortSignal): Promise<Float32Array> {
    const texts = batch.filter(({ length }) => length > 0);
    try {
      const vectors = await cancelledBy(signal, this.#encoder, (ticket) => this.#encoder.encode(texts, ticket));
      return texts.length === batch.length ? vectors : this.#withEmpty(batch, vectors);
    } catch (cause) {
      throw cause instanceof CosimoError ? cause : serviceError(cause as Error);
    }
  }

  /** Batches that have not begun end with `closed`. */
  async close(): Promise<void> {
    this.#encoder.close();
  }

  #withEmpty(batch: readonly Int32Array[], vectors: Float32Array): Float32Array {
    const { dimensions } = this;
    const all = new Float32Array(batch.length * dimensions);
    let from = 0;
    for (const [at, { length }] of batch.entries()) {
      if (length === 0) continue;
      all.set(vectors.subarray(from, from + dimensions), at * dimensions);
      from += dimensions;
    }
    return all;
  }
}

/** @throws CosimoError `model_invalid`; `invalid_setting` where no kernel computes in that precision */
export async function createNativeEncoder({ model, precision, threads }: NativeEncoderOptions): Promise<NativeEncoder> {
  const { dir, config, weights } = model;
  const reason = unsupportedReason(config, weights);
  if (reason !== undefined || weights.kind === 'onnx') {
    throw new CosimoError('model_invalid', `The native encoder does not take the model in ${dir}: ${reason}.`);
  }
  try {
    const encoder = new native.TransformerEncoder({ precision, threads, model: nativeModel(dir, config, weights) });
    await encoder.load();
    return new NativeEncoder(encoder);
  } catch (cause) {
    const code = errorCodeOf(cause);
    throw code === undefined || cause instanceof CosimoError
      ? cause
      : new CosimoError(code, (cause as Error).message, { cause });
  }
}

/** A batch that the encoder refuses is our fault, not the client's. */
function serviceError(cause: Error): CosimoError {
  const code = errorCodeOf(cause);
  const isKept = code === 'closed' || code === 'out_of_memory';
  return new CosimoError(isKept ? code : 'inference_failed', cause.message, { cause });
}
