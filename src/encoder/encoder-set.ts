/** The encoders that the queue uses, native or ONNX Runtime. */
import type { Encoder, EncoderFacts } from './encoder.ts';
import type { EncoderSpeed } from './encoder-speed.ts';

export interface EncoderSet extends EncoderSpeed {
  readonly facts: EncoderFacts;
  /** Each encodes one batch at a time. */
  readonly encoders: readonly Encoder['encode'][];
  /** Native memory of the encoders; 0 with ONNX Runtime, which doesn't report it. */
  readonly memoryBytes: () => number;
  readonly close: () => Promise<void>;
}
