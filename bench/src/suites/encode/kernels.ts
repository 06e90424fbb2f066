/** Which kernels the native encoder has on a machine, and which instruction bounds each. */
import type { NativeEncoderKernel, NativePrecision } from '../../../../src/native/transformer-encoder.ts';
import type { CpuAbilities } from '../../trial/trial.ts';

export const PRECISIONS: readonly NativePrecision[] = ['fp32', 'bf16', 'int8'];

/** By the kernel's family, as `cosimo_bench` names instructions. fp32 on AMX takes three products of bf16 for one. */
const BOUNDS: Readonly<Record<string, Partial<Record<NativePrecision, string>>>> = {
  amx: { fp32: 'bf16_tile', bf16: 'bf16_tile', int8: 'int8_tile' },
  avx512: { fp32: 'fma_zmm', bf16: 'bf16_zmm', int8: 'vnni_zmm' },
  avx2: { fp32: 'fma_ymm', int8: 'vnni_ymm' },
  neon: { fp32: 'fma_neon' },
};

/** The kernel that runs unless another is forced; none where the machine can't compute so. */
export function kernelFor(precision: NativePrecision, { encoders }: CpuAbilities): NativeEncoderKernel | undefined {
  return encoders.find((kernel) => kernel.precision === precision);
}

/** The kernel that runs where COSIMO_KERNEL is `family`, if that is another one than without. */
export function forcedKernel(
  precision: NativePrecision,
  family: string,
  cpu: CpuAbilities,
): NativeEncoderKernel | undefined {
  if (kernelFor(precision, cpu)?.family === family) return undefined;
  return cpu.encoders.find((kernel) => kernel.precision === precision && kernel.family === family);
}

/** The instruction that a kernel can't be faster than, if it can be measured here. */
export function boundOf(
  { family, precision }: NativeEncoderKernel,
  { instructions }: CpuAbilities,
): string | undefined {
  const name = BOUNDS[family]?.[precision];
  return name !== undefined && instructions.includes(name) ? name : undefined;
}
