/** What the event loop and a thread of ONNX Runtime say to each other. */
import type { Model } from '../../model/model.ts';
import type { EncoderFacts } from '../encoder.ts';
import type { PackedIds } from '../packed-ids.ts';
import type { GraphPrecision } from './graph-builder.ts';

export interface OnnxThreadOptions {
  readonly model: Model;
  readonly device: 'auto' | 'cpu' | 'cuda';
  /** Number of the CUDA device. */
  readonly deviceId: number;
  readonly precision: 'auto' | GraphPrecision;
  /** Threads of one inference. */
  readonly threads: number;
}

/** What the thread sends once it is ready. */
export interface OnnxThreadFacts extends EncoderFacts {
  readonly precision: GraphPrecision;
}

export interface OnnxThreadMethods {
  /** @returns `lengths.length × dimensions` floats in the order of the texts */
  encode(batch: PackedIds): Float32Array<ArrayBuffer>;
}
