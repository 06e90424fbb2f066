/** Starts the encoders that serve: ONNX Runtime's or the addon's own, by settings, model and machine. */
import { CosimoError } from '../errors.ts';
import type { Model } from '../model/model.ts';
import { native } from '../native/binding.ts';
import { CUDA_REFUSED, missingForCuda } from './cuda/cuda-libraries.ts';
import { chooseEncoder, type EncoderSettings, type NativeChoice } from './encoder-choice.ts';
import type { EncoderSet } from './encoder-set.ts';
import type { TextSample } from './encoder-speed.ts';
import { startNativeEncoders } from './native/native-encoder-set.ts';
import { unsupportedReason } from './native/native-model.ts';
import { startOnnxEncoders } from './onnx/onnx-encoder-set.ts';
import type { ParallelismSettings } from './parallelism.ts';

export interface EncodersOptions extends EncoderSettings, ParallelismSettings {
  readonly model: Model;
  /** Number of the CUDA device. */
  readonly deviceId: number;
  /** Encoders are measured with it, once they are loaded. */
  readonly sample: Promise<TextSample>;
  readonly log: (line: string) => void;
  /** An encoder has died and is being started again. */
  readonly onRestart: () => void;
}

/** @throws CosimoError `model_invalid`; `invalid_setting` where the settings can't be met */
export async function startEncoders(options: EncodersOptions): Promise<EncoderSet> {
  const { model, log } = options;
  const choice = chooseEncoder(options, {
    arch: process.arch,
    searchKernel: native.kernel,
    kernels: native.encoderKernels,
    tilesRefused: native.tilesRefused,
    modelUnsupported: unsupportedReason(model.config, model.weights),
  });
  if (choice.kind === 'native') return startNative(options, choice);
  if (choice.reason !== undefined) log(`ONNX Runtime encodes: ${choice.reason}`);
  return startOnnxEncoders({ ...options, precision: choice.precision });
}

async function startNative(options: EncodersOptions, choice: NativeChoice): Promise<EncoderSet> {
  let withoutCuda: string | undefined;
  if (choice.cudaPrecision !== undefined) {
    const cuda = await startOnCuda({ ...options, precision: choice.cudaPrecision });
    if (typeof cuda !== 'string') return cuda;
    withoutCuda = cuda;
  }
  const settings = `ENCODER=${options.encoder}, DEVICE=${options.device}, PRECISION=${options.precision}`;
  const why = [settings, withoutCuda && `CUDA is not available: ${withoutCuda}`, choice.instead]
    .filter(Boolean)
    .join('; ');
  return startNativeEncoders({ ...options, precision: choice.precision, why });
}

/** @returns the encoders; or, where CUDA is not available, the reason */
async function startOnCuda(options: EncodersOptions & { precision: 'auto' | 'fp32' }): Promise<EncoderSet | string> {
  const missing = missingForCuda();
  if (missing !== undefined) return missing;
  try {
    return await startOnnxEncoders({ ...options, device: 'cuda' });
  } catch (error) {
    const isRefused = error instanceof CosimoError && error.message.startsWith(CUDA_REFUSED);
    if (!isRefused) throw error;
    return error.message.slice(CUDA_REFUSED.length);
  }
}
