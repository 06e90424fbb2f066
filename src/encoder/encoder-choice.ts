/** Which encoder serves: what is asked for, held against what the model, the machine and COSIMO_KERNEL allow. */
import { CosimoError } from '../errors.ts';
import type { NativeEncoderKernel, NativePrecision } from '../native/text-encoder.ts';
import type { Precision } from './encoder.ts';
import type { GraphPrecision } from './onnx/graph-builder.ts';

/** As the settings ENCODER, DEVICE and PRECISION have it. */
export interface EncoderWish {
  readonly encoder: 'auto' | 'native' | 'onnx';
  readonly device: 'auto' | 'cpu' | 'cuda';
  readonly precision: 'auto' | Precision;
}

export interface EncoderPossibilities {
  /** As `process.arch`. */
  readonly arch: string;
  readonly searchKernel: string;
  readonly kernels: readonly NativeEncoderKernel[];
  /** Why the native encoder doesn't take the model, if so. */
  readonly notCovered: string | undefined;
}

export interface NativeChoice {
  readonly kind: 'native';
  readonly precision: NativePrecision;
  /** Set where CUDA, if it can be had, is to be taken instead. */
  readonly cudaPrecision?: 'auto' | 'fp32';
}

export interface OnnxChoice {
  readonly kind: 'onnx';
  readonly precision: 'auto' | GraphPrecision;
  /** Why not natively, where nobody asked for ONNX Runtime. */
  readonly reason?: string;
}

/** @throws CosimoError `invalid_setting`, a sentence that says why and what to set */
export function chooseEncoder(wish: EncoderWish, possible: EncoderPossibilities): NativeChoice | OnnxChoice {
  const { encoder, device, precision } = wish;
  if (encoder === 'onnx') return onnx(precision);
  const refusal = whyNotNative(wish, possible);
  if (refusal !== undefined) {
    if (encoder === 'native')
      throw refused('ENCODER=native', refusal, 'Set ENCODER=onnx, or ENCODER and PRECISION to auto.');
    if (isNativeOnly(precision)) {
      throw refused(`PRECISION=${precision}`, refusal, 'Set PRECISION to auto or fp32.');
    }
    return onnx(precision, device === 'cuda' ? undefined : refusal);
  }
  const choice: NativeChoice = { kind: 'native', precision: precisionOf(precision) };
  // What ONNX Runtime can't do is not left to it, however slow or new the kernel is.
  if (encoder === 'native' || isNativeOnly(precision)) return choice;
  const doubt = whyNotByItself(choice.precision, possible);
  if (doubt !== undefined) return onnx(precision, `${doubt}; ENCODER=native takes it`);
  return device === 'auto' ? { ...choice, cudaPrecision: precision === 'fp32' ? 'fp32' : 'auto' } : choice;
}

const isNativeOnly = (precision: EncoderWish['precision']) => precision === 'bf16' || precision === 'int8';

/** Of the native encoder, which never computes in fp16. */
function precisionOf(precision: EncoderWish['precision']): NativePrecision {
  return precision === 'bf16' || precision === 'int8' ? precision : 'fp32';
}

function onnx(precision: EncoderWish['precision'], reason?: string): OnnxChoice {
  if (precision === 'bf16' || precision === 'int8') {
    const advice = `Set ENCODER to auto or native, or PRECISION to auto, fp32 or fp16.`;
    throw refused(`PRECISION=${precision}`, 'ENCODER=onnx computes in fp32 or fp16', advice);
  }
  return { kind: 'onnx', precision, ...(reason !== undefined && { reason }) };
}

/** What makes it impossible. */
function whyNotNative({ device, precision }: EncoderWish, possible: EncoderPossibilities): string | undefined {
  if (device === 'cuda') return 'the native encoder runs on the CPU, and DEVICE=cuda insists on the GPU';
  if (precision === 'fp16') return 'the native encoder computes in fp32, bf16 or int8, and PRECISION=fp16';
  if (possible.notCovered !== undefined) return `the native encoder does not take this model: ${possible.notCovered}`;
  if (kernelFor(precisionOf(precision), possible) !== undefined) return undefined;
  const { kernels, searchKernel } = possible;
  const has = kernels.map((kernel) => `${kernel.precision} (${kernel.name})`).join(', ');
  return `no encoder kernel here computes in ${precisionOf(precision)}; with the search kernel ${searchKernel} there are ${has}`;
}

/** What makes it no better than ONNX Runtime, or not known to be. */
function whyNotByItself(precision: NativePrecision, possible: EncoderPossibilities): string | undefined {
  const kernel = kernelFor(precision, possible);
  if (kernel?.family === 'scalar') return `the native encoder has only its scalar kernel here, which is slow`;
  if (possible.arch !== 'x64') return `the native encoder's kernel ${kernel?.name} has never run on such a CPU`;
  return undefined;
}

function kernelFor(precision: NativePrecision, { kernels }: EncoderPossibilities): NativeEncoderKernel | undefined {
  return kernels.find((kernel) => kernel.precision === precision);
}

function refused(setting: string, reason: string, advice: string): CosimoError {
  return new CosimoError('invalid_setting', `${setting}, but ${reason}. ${advice}`);
}
