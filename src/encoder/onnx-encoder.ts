/** The encoder on ONNX Runtime, CUDA or CPU. Its calls block the thread they are made on: worker threads only. */
import { join } from 'node:path';
import { env, InferenceSession, Tensor } from 'onnxruntime-node';
import { CosimoError } from '../errors.ts';
import { readModelConfig } from '../model/model-config.ts';
import { readSafetensorsHeader } from '../model/safetensors.ts';
import type { Encoder } from './encoder.ts';
import { buildEncoderGraph, GRAPH_INPUTS, GRAPH_OUTPUT } from './onnx-graph.ts';

export interface OnnxEncoderOptions {
  readonly modelDir: string;
  readonly device: 'auto' | 'cpu' | 'cuda';
  /** Threads of one inference. */
  readonly threads: number;
  /** Takes the one line that says why a device was passed over. */
  readonly log: (line: string) => void;
}

const WEIGHTS = 'model.safetensors';

// ONNX Runtime's errors come as exceptions too; its own lines on stderr would say them twice.
env.logLevel = 'fatal';

/** @throws CosimoError `model_invalid`; `invalid_setting` when `device` is `cuda` and CUDA can't be had */
export async function createOnnxEncoder(options: OnnxEncoderOptions): Promise<Encoder> {
  const config = await readModelConfig(options.modelDir);
  const tensors = await readSafetensorsHeader(join(options.modelDir, WEIGHTS));
  const graph = buildEncoderGraph(config, tensors, WEIGHTS);
  const { session, device } = await openSession(graph, options);
  return {
    dimensions: config.hiddenSize,
    description: `ONNX Runtime ${env.versions.node ?? env.versions.common}, ${device}, fp32`,
    encode: (batch) => encode(session, batch, config.padTokenId),
    close: () => session.release(),
  };
}

async function openSession(
  graph: Uint8Array,
  options: OnnxEncoderOptions,
): Promise<{ session: InferenceSession; device: string }> {
  if (options.device !== 'cpu') {
    try {
      return { session: await createSession(graph, options, ['cuda', 'cpu']), device: 'cuda' };
    } catch (cause) {
      const reason = firstLine(cause);
      if (options.device === 'cuda') {
        throw new CosimoError('invalid_setting', `DEVICE=cuda, but CUDA cannot be used here: ${reason}`, { cause });
      }
      options.log(`CUDA is not available (${reason}); encoding on the CPU`);
    }
  }
  try {
    return { session: await createSession(graph, options, ['cpu']), device: 'cpu' };
  } catch (cause) {
    throw new CosimoError(
      'model_invalid',
      `ONNX Runtime refused the model in ${options.modelDir}: ${firstLine(cause)}`,
      { cause },
    );
  }
}

function createSession(
  graph: Uint8Array,
  options: OnnxEncoderOptions,
  executionProviders: string[],
): Promise<InferenceSession> {
  return InferenceSession.create(graph, {
    executionProviders,
    intraOpNumThreads: options.threads,
    interOpNumThreads: 1,
    // A plan is kept for each input shape, and shapes are many.
    enableMemPattern: false,
    logSeverityLevel: 4,
    extra: {
      session: {
        model_external_initializers_file_folder_path: options.modelDir,
        // Spinning threads take the cores from the event loop.
        intra_op: { allow_spinning: '0' },
      },
    },
  });
}

async function encode(
  session: InferenceSession,
  batch: readonly Int32Array[],
  padTokenId: number,
): Promise<Float32Array> {
  const sequence = batch.reduce((longest, ids) => Math.max(longest, ids.length), 0);
  const ids = new BigInt64Array(batch.length * sequence).fill(BigInt(padTokenId));
  const mask = new BigInt64Array(batch.length * sequence);
  batch.forEach((tokens, row) => {
    tokens.forEach((token, column) => {
      ids[row * sequence + column] = BigInt(token);
    });
    mask.fill(1n, row * sequence, row * sequence + tokens.length);
  });
  const shape = [batch.length, sequence];
  const outputs = await session.run({
    [GRAPH_INPUTS.ids]: new Tensor('int64', ids, shape),
    [GRAPH_INPUTS.mask]: new Tensor('int64', mask, shape),
  });
  return outputs[GRAPH_OUTPUT]?.data as Float32Array;
}

function firstLine(error: unknown): string {
  return String(error instanceof Error ? error.message : error).split('\n', 1)[0] as string;
}
