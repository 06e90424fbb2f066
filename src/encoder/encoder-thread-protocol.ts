/** What the event loop and an encoder's thread say to each other. */
import type { PackedIds } from './packed-ids.ts';

export interface EncoderThreadOptions {
  readonly modelDir: string;
  readonly device: 'auto' | 'cpu' | 'cuda';
  /** Number of the CUDA device. */
  readonly deviceId: number;
  readonly precision: 'auto' | 'fp32' | 'fp16';
  /** Threads of one inference. */
  readonly threads: number;
}

export interface EncoderFacts {
  readonly dimensions: number;
  readonly device: 'cpu' | 'cuda';
  readonly precision: 'fp32' | 'fp16';
  readonly description: string;
}

export type EncodeJob = PackedIds;

/** `lengths.length × dimensions` floats in the order of the texts. */
export type EncodeResult = Float32Array<ArrayBuffer>;
