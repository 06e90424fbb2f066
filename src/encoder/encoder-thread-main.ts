/** The encoder's thread: tokenizer and session live here, since both block whoever calls them. One job at a time. */
import { parentPort, workerData } from 'node:worker_threads';
import { errorCodeOf } from '../errors.ts';
import { readModelConfig } from '../model/model-config.ts';
import type { Encoder } from './encoder.ts';
import type { EncodeJob, EncoderThreadMessage, EncoderThreadOptions } from './encoder-thread-protocol.ts';
import { createOnnxEncoder } from './onnx-encoder.ts';
import { planBatches } from './plan-batches.ts';
import { loadTokenizer, type Tokenizer } from './tokenizer.ts';

const options = workerData as EncoderThreadOptions;

function send(message: EncoderThreadMessage, transfer: ArrayBuffer[] = []): void {
  parentPort?.postMessage(message, transfer);
}

function sendFailure(error: unknown, fallback: 'inference_failed' | 'model_invalid'): void {
  const message = error instanceof Error ? error.message : String(error);
  send({ kind: 'failed', code: errorCodeOf(error) ?? fallback, message });
}

async function encodeTexts(encoder: Encoder, tokenizer: Tokenizer, texts: readonly string[]): Promise<void> {
  const started_ms = performance.now();
  const tokens = await tokenizer.tokenize(texts);
  const tokenized_ms = performance.now();
  const { dimensions } = encoder;
  const vectors = new Float32Array(texts.length * dimensions);
  let tokenCount = 0;
  let paddedCount = 0;
  for (const rows of planBatches(
    tokens.map((ids) => ids.length),
    options.batchTokens,
  )) {
    const batch = rows.map((row) => tokens[row] as Int32Array);
    const output = await encoder.encode(batch);
    rows.forEach((row, at) => {
      vectors.set(output.subarray(at * dimensions, (at + 1) * dimensions), row * dimensions);
    });
    tokenCount += batch.reduce((sum, ids) => sum + ids.length, 0);
    paddedCount += batch.length * Math.max(...batch.map((ids) => ids.length));
  }
  const timings = {
    tokenize_ms: tokenized_ms - started_ms,
    inference_ms: performance.now() - tokenized_ms,
    tokens: tokenCount,
    padding_tokens: paddedCount - tokenCount,
  };
  send({ kind: 'done', vectors, timings }, [vectors.buffer]);
}

async function main(): Promise<void> {
  const config = await readModelConfig(options.modelDir);
  const tokenizer = await loadTokenizer(options.modelDir, config.maxSeqLength);
  const encoder = await createOnnxEncoder({ ...options, log: (line) => send({ kind: 'log', line }) });
  // The first inference allocates and, on a GPU, compiles: nobody should wait for that later.
  await encoder.encode(await tokenizer.tokenize(['warm up']));
  parentPort?.on('message', (job: EncodeJob) => {
    encodeTexts(encoder, tokenizer, job.texts).catch((error) => sendFailure(error, 'inference_failed'));
  });
  send({ kind: 'ready', dimensions: encoder.dimensions, description: encoder.description });
}

main().catch((error) => sendFailure(error, 'model_invalid'));
