/** What the event loop and an encoder's thread say to each other. */
import type { EncoderFacts } from '../encoder.ts';
import type { PackedIds } from '../packed-ids.ts';
import type { GraphPrecision } from './graph-builder.ts';

export interface EncoderThreadOptions {
  readonly modelDir: string;
  readonly device: 'auto' | 'cpu' | 'cuda';
  /** Number of the CUDA device. */
  readonly deviceId: number;
  readonly precision: 'auto' | GraphPrecision;
  /** Threads of one inference. */
  readonly threads: number;
}

export interface EncoderThreadFacts extends EncoderFacts {
  readonly precision: GraphPrecision;
}

export type EncodeJob = PackedIds;

/** `lengths.length × dimensions` floats in the order of the texts. */
export type EncodeResult = Float32Array<ArrayBuffer>;
