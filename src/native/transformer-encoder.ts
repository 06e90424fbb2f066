/** The native encoder's part of the addon's interface; `binding.ts` loads it. */

export type NativePrecision = 'fp32' | 'bf16' | 'int8';

/** The arithmetic of an encoder on an instruction set of this machine. */
export interface NativeEncoderKernel {
  readonly name: string;
  /** The kernel family that selects this kernel in COSIMO_KERNEL; `scalar` for plain C++. */
  readonly family: string;
  readonly precision: NativePrecision;
}

/** Where a tensor's bytes lie: row-major, little-endian. */
export interface NativeTensorPlace {
  readonly path: string;
  readonly byteOffset: number;
  readonly dtype: 'F32' | 'F16' | 'BF16';
}

/** `weight`: [outputs, inputs]; `bias`: [outputs]. In a LayerNorm both are [hidden]. */
export interface NativeWeightAndBias {
  readonly weight: NativeTensorPlace;
  readonly bias: NativeTensorPlace;
}

export interface NativeEncoderLayer {
  readonly query: NativeWeightAndBias;
  readonly key: NativeWeightAndBias;
  readonly value: NativeWeightAndBias;
  readonly attentionOutput: NativeWeightAndBias;
  readonly attentionNorm: NativeWeightAndBias;
  readonly intermediate: NativeWeightAndBias;
  readonly output: NativeWeightAndBias;
  readonly outputNorm: NativeWeightAndBias;
}

/** What `NativeTransformerEncoderClass.whyUnsupported` looks at. */
export interface NativeEncoderSizes {
  readonly hiddenSize: number;
  readonly heads: number;
  readonly intermediateSize: number;
}

export interface NativeEncoderModel extends NativeEncoderSizes {
  readonly vocabSize: number;
  /** Rows of the table of positions. */
  readonly maxPositions: number;
  readonly layerNormEps: number;
  readonly pooling: 'mean' | 'cls' | 'max';
  /** Whether vectors are brought to L2 norm 1. */
  readonly normalize: boolean;
  /** Set for RoBERTa, which counts positions from the row after the padding's row. Without it the first token has row 0. */
  readonly paddingId?: number;
  /** [vocabSize, hidden] */
  readonly words: NativeTensorPlace;
  /** [maxPositions, hidden] */
  readonly positions: NativeTensorPlace;
  /** [any, hidden]; only the first row is used. */
  readonly tokenTypes?: NativeTensorPlace;
  readonly norm: NativeWeightAndBias;
  readonly layers: readonly NativeEncoderLayer[];
}

export interface NativeTransformerEncoderOptions {
  readonly precision: NativePrecision;
  /** Threads of the encoder's own pool. All of them work on one batch. */
  readonly threads: number;
  readonly model: NativeEncoderModel;
}

/**
 * Token ids to vectors, on the addon's own threads. Batches are packed, not padded. A text's vector has the same bits in
 * every batch and with any number of threads.
 * The constructor checks its options only: `invalid_argument`, and `invalid_setting` if no kernel computes in that precision.
 */
export interface NativeTransformerEncoder {
  /** Floats of one vector: the hidden size. */
  readonly dimensions: number;
  readonly kernel: string;
  readonly precision: NativePrecision;
  /** The bytes of the weights and of the threads' memory; 0 until loaded and once closed. */
  readonly memoryBytes: number;
  /**
   * Reads the tensors and packs them for the kernel, off the event loop and off libuv's pool. Call it once.
   * Errors: `model_invalid` (a file can't be read, or ends too soon), `out_of_memory`, `closed`.
   */
  load(): Promise<void>;
  /**
   * One batch; several may be under way, and the oldest comes first.
   * @param texts token ids of each text, at least one; copied before the call returns
   * @param ticket a number above 0 that `cancel` takes to end this batch; unique among the batches under way
   * @returns `texts.length × dimensions` floats. Errors: `invalid_argument` (an id that the model lacks, a text too long or
   *   without a token, not loaded), `cancelled`, `closed`, `out_of_memory`
   */
  encode(texts: readonly Int32Array[], ticket?: number): Promise<Float32Array>;
  /** Rejects a batch under way with `cancelled`, within the time of a layer; nothing happens when it has ended. */
  cancel(ticket: number): void;
  /** Rejects batches that have not begun with `closed`; the last of the others frees the memory. Idempotent. */
  close(): void;
}

export interface NativeTransformerEncoderClass {
  new (options: NativeTransformerEncoderOptions): NativeTransformerEncoder;
  /**
   * Why the constructor refuses a model of these sizes, such as "its hidden size 96 is not a multiple of 64"; undefined when
   * it doesn't. Errors: `invalid_argument` (no counts)
   */
  whyUnsupported(sizes: NativeEncoderSizes): string | undefined;
}
