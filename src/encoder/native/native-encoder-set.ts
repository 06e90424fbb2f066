/** The native encoder for the queue: one set of weights and one pool of threads, with a few batches under way. */
import { availableParallelism } from 'node:os';
import type { Model } from '../../model/model.ts';
import type { NativePrecision } from '../../native/transformer-encoder.ts';
import type { EncoderSet } from '../encoder-set.ts';
import { measureSpeed, type TextSample } from '../encoder-speed.ts';
import type { ParallelismSettings } from '../parallelism.ts';
import { createNativeEncoder } from './native-encoder.ts';

export interface NativeEncoderSetOptions extends ParallelismSettings {
  readonly model: Model;
  readonly precision: NativePrecision;
  /** Why this encoder was chosen, for the log. */
  readonly why: string;
  readonly sample: Promise<TextSample>;
  readonly log: (line: string) => void;
}

/** While the event loop takes the result of one batch and makes up the next, the threads work on another. */
const BATCHES_UNDER_WAY = 2;
const MEASURE_MS = 50;

/** @throws CosimoError `model_invalid`, `invalid_setting` */
export async function startNativeEncoders(options: NativeEncoderSetOptions): Promise<EncoderSet> {
  const { model, precision, sample, why, log } = options;
  const { batches, threads } = nativeParallelism(options, availableParallelism());
  const encoder = await createNativeEncoder({ model, precision, threads });
  const { dimensions, device, description, pads } = encoder;
  const measured = sample.then((text) => measureSpeed([encoder], text, MEASURE_MS));
  measured.catch(() => encoder.close());
  const speed = await measured;
  const work = `${threads} ${threads === 1 ? 'thread' : 'threads'}, ${batches} ${batches === 1 ? 'batch' : 'batches'} under way`;
  log(
    `Encoding natively in ${precision} with the kernel ${encoder.kernel} (${why}): ${work}, ${speed.tokensPerMs.toFixed(1)} tokens a millisecond`,
  );
  return {
    ...speed,
    facts: { dimensions, device, precision, description, pads },
    encoders: Array.from({ length: batches }, () => (batch, signal) => encoder.encode(batch, signal)),
    memoryBytes: () => encoder.memoryBytes,
    close: () => encoder.close(),
  };
}

/**
 * How the encoder uses the cores. There is nothing to measure: all threads work on one batch.
 * @param settings `workers`: batches under way, 0 for the default; `threads`: threads of each worker, 0 for all cores
 */
export function nativeParallelism(
  { workers, threads }: ParallelismSettings,
  cores: number,
): { readonly batches: number; readonly threads: number } {
  return { batches: workers || BATCHES_UNDER_WAY, threads: threads === 0 ? cores : threads * Math.max(1, workers) };
}
