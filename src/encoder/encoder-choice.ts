/** Chooses the encoder by the settings and by what the model, the machine and COSIMO_KERNEL allow. */
import { CosimoError } from '../errors.ts';
import type { NativeEncoderKernel, NativePrecision } from '../native/transformer-encoder.ts';
import type { Precision } from './encoder.ts';
import type { GraphPrecision } from './onnx/graph-builder.ts';

/** The settings ENCODER, DEVICE and PRECISION. */
export interface EncoderSettings {
  readonly encoder: 'auto' | 'native' | 'onnx';
  readonly device: 'auto' | 'cpu' | 'cuda';
  readonly precision: 'auto' | Precision;
}

/** What the native encoder can do on this machine and with this model. */
export interface EncoderSupport {
  /** The value of `process.arch`. */
  readonly arch: string;
  readonly searchKernel: string;
  /** The encoder kernels of this machine. */
  readonly kernels: readonly NativeEncoderKernel[];
  /** The CPU has AMX's tiles, and the system refuses them. */
  readonly tilesRefused: boolean;
  /** Why the native encoder can't run this model; undefined when it can. */
  readonly modelUnsupported: string | undefined;
}

export interface NativeChoice {
  readonly kind: 'native';
  readonly precision: NativePrecision;
  /** Why the precision is not the one that was asked for. */
  readonly instead?: string;
  /** If set: try CUDA first, in this precision, and take the native encoder only where CUDA is not available. */
  readonly cudaPrecision?: 'auto' | 'fp32';
}

export interface OnnxChoice {
  readonly kind: 'onnx';
  readonly precision: 'auto' | GraphPrecision;
  /** Why the native encoder was not chosen; absent when the settings ask for ONNX Runtime. */
  readonly reason?: string;
}

/** @throws CosimoError `invalid_setting`, a sentence that says why and what to set */
export function chooseEncoder(settings: EncoderSettings, support: EncoderSupport): NativeChoice | OnnxChoice {
  const { encoder, device, precision } = settings;
  if (encoder === 'onnx') return onnxChoice(precision);
  const obstacle = whyNotNative(settings, support);
  if (obstacle !== undefined) {
    if (encoder === 'native')
      throw invalidSetting('ENCODER=native', obstacle, 'Set ENCODER=onnx, or ENCODER and PRECISION to auto.');
    if (isNativeOnly(precision)) {
      throw invalidSetting(`PRECISION=${precision}`, obstacle, 'Set PRECISION to auto or fp32.');
    }
    return onnxChoice(precision, device === 'cuda' ? undefined : obstacle);
  }
  const choice: NativeChoice = nativeChoice(precision, support);
  // ONNX Runtime has neither bf16 nor int8: even a slow or untried native kernel is taken for those.
  if (encoder === 'native' || isNativeOnly(precision)) return choice;
  const drawback = whyNotByDefault(choice.precision, support);
  if (drawback !== undefined) return onnxChoice(precision, `${drawback}; ENCODER=native takes it`);
  return device === 'auto' ? { ...choice, cudaPrecision: precision === 'fp32' ? 'fp32' : 'auto' } : choice;
}

const isNativeOnly = (precision: EncoderSettings['precision']) => precision === 'bf16' || precision === 'int8';

/** The native encoder has no fp16; `auto` is fp32. */
function nativePrecision(precision: EncoderSettings['precision']): NativePrecision {
  return precision === 'bf16' || precision === 'int8' ? precision : 'fp32';
}

/** Without its tiles, a CPU that has them computes bf16 slower than fp32: 5.4 against 9.3 tokens a millisecond on Sapphire Rapids. */
function nativeChoice(precision: EncoderSettings['precision'], { tilesRefused }: EncoderSupport): NativeChoice {
  if (precision !== 'bf16' || !tilesRefused) return { kind: 'native', precision: nativePrecision(precision) };
  const instead =
    'bf16 would be slower and less precise, since the system does not let this process use the tiles of the CPU';
  return { kind: 'native', precision: 'fp32', instead };
}

function onnxChoice(precision: EncoderSettings['precision'], reason?: string): OnnxChoice {
  if (precision === 'bf16' || precision === 'int8') {
    const advice = `Set ENCODER to auto or native, or PRECISION to auto, fp32 or fp16.`;
    throw invalidSetting(`PRECISION=${precision}`, 'ENCODER=onnx computes in fp32 or fp16', advice);
  }
  return { kind: 'onnx', precision, ...(reason !== undefined && { reason }) };
}

/** Why the native encoder can't be used at all; undefined when it can. */
function whyNotNative({ device, precision }: EncoderSettings, support: EncoderSupport): string | undefined {
  if (device === 'cuda') return 'the native encoder runs on the CPU, and DEVICE=cuda insists on the GPU';
  if (precision === 'fp16') return 'the native encoder computes in fp32, bf16 or int8, and PRECISION=fp16';
  if (support.modelUnsupported !== undefined)
    return `the native encoder does not take this model: ${support.modelUnsupported}`;
  if (kernelFor(nativePrecision(precision), support) !== undefined) return undefined;
  const { kernels, searchKernel } = support;
  const has = kernels.map((kernel) => `${kernel.precision} (${kernel.name})`).join(', ');
  return `no encoder kernel here computes in ${nativePrecision(precision)}; with the search kernel ${searchKernel} there are ${has}`;
}

/** Why ENCODER=auto prefers ONNX Runtime although the native encoder would work; undefined when it doesn't. */
function whyNotByDefault(precision: NativePrecision, support: EncoderSupport): string | undefined {
  const kernel = kernelFor(precision, support);
  if (kernel?.family === 'scalar') return `the native encoder has only its scalar kernel here, which is slow`;
  if (support.arch !== 'x64') return `the native encoder's kernel ${kernel?.name} has never run on such a CPU`;
  return undefined;
}

function kernelFor(precision: NativePrecision, { kernels }: EncoderSupport): NativeEncoderKernel | undefined {
  return kernels.find((kernel) => kernel.precision === precision);
}

function invalidSetting(setting: string, reason: string, advice: string): CosimoError {
  return new CosimoError('invalid_setting', `${setting}, but ${reason}. ${advice}`);
}
