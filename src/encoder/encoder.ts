/** What encodes: token ids in, vectors out. ONNX Runtime is one; a native encoder for the CPU goes in beside it. */

export interface Encoder {
  /** Floats of one vector. */
  readonly dimensions: number;
  readonly device: 'cpu' | 'cuda';
  readonly precision: 'fp32' | 'fp16';
  /** For people: what runs where, such as `ONNX Runtime 1.30.0, cpu, fp32`. */
  readonly description: string;
  /**
   * One batch at a time.
   * @param batch token ids of each text, [CLS] and [SEP] included, at most the model's `max_seq_length`
   * @returns `batch.length × dimensions` floats in the order of the batch; unit vectors if the model normalises
   * @throws CosimoError `inference_failed`; `encoder_lost` when it died over it
   */
  encode(batch: readonly Int32Array[]): Promise<Float32Array>;
  close(): Promise<void>;
}
