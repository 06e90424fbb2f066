/** The options of an encoding pipeline, made from the settings. */
import type { Config } from '../config.ts';
import type { Model } from '../model/model.ts';
import type { EncoderSettings } from './encoder-choice.ts';
import type { ParallelismSettings } from './parallelism.ts';

export interface PipelineOptions extends EncoderSettings, ParallelismSettings {
  readonly model: Model;
  /** Number of the CUDA device. */
  readonly deviceId: number;
  /** Most tokens of one inference, padding included where there is any; 0 for the default of the device. */
  readonly batchTokens: number;
  /** Most tokens and UTF-8 bytes that may wait or be encoded. */
  readonly tokensMax: number;
  readonly bytesMax: number;
}

export function pipelineOptions(config: Config, model: Model): PipelineOptions {
  return {
    model,
    encoder: config.ENCODER,
    device: config.DEVICE,
    deviceId: config.CUDA_DEVICE,
    precision: config.PRECISION,
    workers: config.ENCODER_WORKERS,
    threads: config.ENCODER_THREADS,
    batchTokens: config.BATCH_TOKENS,
    tokensMax: config.QUEUE_TOKENS,
    bytesMax: config.QUEUE_BYTES,
  };
}
