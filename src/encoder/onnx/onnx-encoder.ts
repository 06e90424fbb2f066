/** The encoder on ONNX Runtime, on CUDA or the CPU. A call blocks its thread: use it in worker threads only. */
import { join } from 'node:path';
import { env, InferenceSession } from 'onnxruntime-node';
import { CosimoError } from '../../errors.ts';
import type { Model } from '../../model/model.ts';
import { CUDA_REFUSED, loadCudaLibraries } from '../cuda/cuda-libraries.ts';
import type { Encoder } from '../encoder.ts';
import type { GraphPrecision } from './graph-builder.ts';
import { buildEncoderGraph } from './onnx-graph.ts';
import { encodingByFile, encodingByGraph } from './onnx-inference.ts';

export interface OnnxEncoderOptions {
  readonly model: Model;
  readonly device: 'auto' | 'cpu' | 'cuda';
  /** Which of the CUDA devices, counted from 0. */
  readonly deviceId: number;
  /** `auto` is fp16 on CUDA, where it is far faster, and fp32 on the CPU. An ONNX file is fp32 on both. */
  readonly precision: 'auto' | GraphPrecision;
  /** Threads of one inference. */
  readonly threads: number;
  /** Gets one line that says which device and precision serve, and why. */
  readonly log: (line: string) => void;
}

type Device = Encoder['device'];

export interface OnnxEncoder extends Encoder {
  readonly precision: GraphPrecision;
  readonly pads: true;
}

interface OpenSession {
  readonly session: InferenceSession;
  readonly device: Device;
  readonly precision: GraphPrecision;
}

// ONNX Runtime throws its errors; its own lines on stderr would repeat them.
env.logLevel = 'fatal';

/**
 * @throws CosimoError `model_invalid`; `invalid_setting` when `device` is `cuda` and CUDA is not available, or `precision` is
 *   `fp16` and the model is an ONNX file
 */
export async function createOnnxEncoder(options: OnnxEncoderOptions): Promise<OnnxEncoder> {
  const { dir, config, weights } = options.model;
  if (weights.kind === 'onnx' && options.precision === 'fp16') {
    const advice = 'Set PRECISION to auto or fp32, or take a model with safetensors.';
    const path = join(dir, weights.file);
    throw new CosimoError('invalid_setting', `PRECISION=fp16, but ${path} has a precision of its own. ${advice}`);
  }
  const { session, device, precision } = await openSession(options);
  const encode =
    weights.kind === 'onnx'
      ? encodingByFile(session, join(dir, weights.file), config)
      : encodingByGraph(session, config);
  return {
    dimensions: config.hiddenSize,
    device,
    precision,
    pads: true,
    description: `ONNX Runtime ${env.versions.node ?? env.versions.common}, ${device}, ${precision}`,
    encode,
    close: () => session.release(),
  };
}

/** Opens on CUDA if settings and machine allow it, otherwise on the CPU; logs which and why. */
async function openSession(options: OnnxEncoderOptions): Promise<OpenSession> {
  const { device, deviceId, log } = options;
  const settings = `DEVICE=${device}, PRECISION=${options.precision}`;
  if (device === 'cpu') {
    const opened = await openOnCpu(options);
    log(`Encoding on the CPU in ${opened.precision} (${settings})`);
    return opened;
  }
  try {
    loadCudaLibraries();
    const opened = await openOn('cuda', options);
    log(`Encoding on CUDA device ${deviceId} in ${opened.precision} (${settings})`);
    return opened;
  } catch (cause) {
    if (cause instanceof CosimoError) throw cause;
    const reason = firstLine(cause);
    if (device === 'cuda') {
      throw new CosimoError('invalid_setting', CUDA_REFUSED + reason, { cause });
    }
    const opened = await openOnCpu(options);
    log(`CUDA is not available (${reason}); encoding on the CPU in ${opened.precision}`);
    return opened;
  }
}

async function openOnCpu(options: OnnxEncoderOptions): Promise<OpenSession> {
  try {
    return await openOn('cpu', options);
  } catch (cause) {
    if (cause instanceof CosimoError) throw cause;
    const sentence = `ONNX Runtime refused the model in ${options.model.dir}: ${firstLine(cause)}`;
    throw new CosimoError('model_invalid', sentence, { cause });
  }
}

/** @throws CosimoError for a model that isn't whole; ONNX Runtime's own errors */
async function openOn(device: Device, options: OnnxEncoderOptions): Promise<OpenSession> {
  const { dir, config, weights } = options.model;
  const preferred = weights.kind === 'tensors' && device === 'cuda' ? 'fp16' : 'fp32';
  const precision = options.precision === 'auto' ? preferred : options.precision;
  const graph = weights.kind === 'onnx' ? join(dir, weights.file) : buildEncoderGraph(config, weights, precision);
  return { session: await createSession(graph, device, options), device, precision };
}

/** @param graph the bytes of our own graph, or the path of an ONNX file */
function createSession(
  graph: Uint8Array | string,
  device: Device,
  { deviceId, model, threads }: OnnxEncoderOptions,
): Promise<InferenceSession> {
  const settings: InferenceSession.SessionOptions = {
    executionProviders: device === 'cuda' ? [{ name: 'cuda', deviceId }, 'cpu'] : ['cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    // Memory plans are kept for each input shape, and shapes are many.
    enableMemPattern: false,
    logSeverityLevel: 4,
    extra: {
      session: {
        // Our graph is no file, so the folder of its weights must be given; an ONNX file's weights lie beside it.
        ...(typeof graph === 'string' ? {} : { model_external_initializers_file_folder_path: model.dir }),
        // Spinning threads take the cores from the event loop.
        intra_op: { allow_spinning: '0' },
      },
    },
  };
  // Two overloads: each takes one of the types.
  return typeof graph === 'string'
    ? InferenceSession.create(graph, settings)
    : InferenceSession.create(graph, settings);
}

function firstLine(error: unknown): string {
  return String(error instanceof Error ? error.message : error).split('\n', 1)[0] as string;
}
