/** An encoder turns token ids into vectors. There are two: ONNX Runtime, and the addon's own for the CPU. */

export type Precision = 'fp32' | 'fp16' | 'bf16' | 'int8';

export interface EncoderFacts {
  /** Floats of one vector. */
  readonly dimensions: number;
  readonly device: 'cpu' | 'cuda';
  readonly precision: Precision;
  /** A description for people of what runs where, such as `ONNX Runtime 1.30.0, cpu, fp32`. */
  readonly description: string;
  /** Whether texts are padded to the longest of their batch. If padded, a batch costs its padded size, otherwise its tokens. */
  readonly pads: boolean;
}

export interface Encoder extends EncoderFacts {
  /**
   * @param batch token ids of each text, [CLS] and [SEP] included, at most the model's `max_seq_length`
   * @param signal aborts once nobody wants the batch; an encoder that can stop then rejects with `cancelled`
   * @returns `batch.length × dimensions` floats in the order of the batch; unit vectors if the model normalizes
   * @throws CosimoError `inference_failed`; `encoder_lost` when the encoder's thread has died
   */
  encode(batch: readonly Int32Array[], signal?: AbortSignal): Promise<Float32Array>;
  close(): Promise<void>;
}
