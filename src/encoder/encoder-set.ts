/** The encoders that serve, as the queue has them, whatever they are. */
import type { Encoder, EncoderFacts } from './encoder.ts';
import type { EncoderSpeed } from './encoder-speed.ts';

export interface EncoderSet extends EncoderSpeed {
  readonly facts: EncoderFacts;
  /** Each encodes one batch at a time. */
  readonly encoders: readonly Encoder['encode'][];
  /** Native memory of an encoder that tells it; 0 with ONNX Runtime. */
  readonly memoryBytes: () => number;
  readonly close: () => Promise<void>;
}
