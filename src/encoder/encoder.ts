/** What encodes: token ids in, vectors out. ONNX Runtime is one; a native encoder for the CPU goes in beside it. */

export interface Encoder {
  /** Floats of one vector. */
  readonly dimensions: number;
  /** For people: what runs where, such as `onnxruntime 1.30.0 cpu fp32`. */
  readonly description: string;
  /**
   * @param batch token ids of each text, [CLS] and [SEP] included, at most the model's `max_seq_length`
   * @returns unit vectors, `batch.length × dimensions` floats, in the order of the batch
   */
  encode(batch: readonly Int32Array[]): Promise<Float32Array>;
  close(): Promise<void>;
}
