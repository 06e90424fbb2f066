/** The encoding pipeline in this process, over the real model. */
import { type EncodingPipeline, type PipelineEvents, startPipeline } from '../../src/encoder/encoding-pipeline.ts';
import type { PipelineOptions } from '../../src/encoder/pipeline-options.ts';
import { readModel } from '../../src/model/model.ts';
import { atEnd } from './at-end.ts';
import { testModelDir } from './models/model.ts';

/** @param options settings that differ from the default: one encoder of two threads on the CPU, in fp32, of the kind in ENCODER */
export async function testPipeline(
  { modelDir, ...options }: Partial<PipelineOptions> & { readonly modelDir?: string } = {},
  events: Partial<PipelineEvents> = {},
): Promise<EncodingPipeline> {
  const defaults: PipelineOptions = {
    model: await readModel(modelDir ?? (await testModelDir())),
    encoder: (process.env['ENCODER'] || 'auto') as PipelineOptions['encoder'],
    device: 'cpu',
    deviceId: 0,
    precision: 'fp32',
    workers: 1,
    threads: 2,
    batchTokens: 2048,
    tokensMax: 1 << 20,
    bytesMax: 1 << 26,
  };
  const pipeline = await startPipeline({ ...defaults, ...options }, { log: () => {}, ...events });
  atEnd(() => pipeline.close());
  return pipeline;
}

/** Encodes different texts together. @returns their vectors */
export async function encodeTexts({ queue }: EncodingPipeline, texts: readonly string[]): Promise<Float32Array[]> {
  const encoded = await Promise.all(queue.enqueue(texts));
  return encoded.map(({ vector }) => vector);
}
