/** Settings → how the model encodes, for whoever starts a pipeline. */
import type { Config } from './config.ts';
import type { PipelineOptions } from './encoder/encoding-pipeline.ts';

export function pipelineOptions(config: Config, modelDir: string): PipelineOptions {
  return {
    modelDir,
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
