/** What encodes: token ids in, vectors out. ONNX Runtime is one, the addon's own encoder for the CPU another. */

export type Precision = 'fp32' | 'fp16' | 'bf16' | 'int8';

export interface EncoderFacts {
  /** Floats of one vector. */
  readonly dimensions: number;
  readonly device: 'cpu' | 'cuda';
  readonly precision: Precision;
  /** For people: what runs where, such as `ONNX Runtime 1.30.0, cpu, fp32`. */
  readonly description: string;
  /** Whether the texts of a batch are brought to the length of the longest: it costs by that then, else by its tokens. */
  readonly pads: boolean;
}

export interface Encoder extends EncoderFacts {
  /**
   * @param batch token ids of each text, [CLS] and [SEP] included, at most the model's `max_seq_length`
   * @param signal when it fires, nobody wants the batch any more: an encoder that can stops, and rejects with `cancelled`
   * @returns `batch.length × dimensions` floats in the order of the batch; unit vectors if the model normalizes
   * @throws CosimoError `inference_failed`; `encoder_lost` when it died over it
   */
  encode(batch: readonly Int32Array[], signal?: AbortSignal): Promise<Float32Array>;
  close(): Promise<void>;
}
