/** Which kernels the native encoder has on a machine, and which instruction limits each. */
import type { NativeEncoderKernel, NativePrecision } from '../../../../src/native/transformer-encoder.ts';
import type { CpuAbilities } from '../../trial/trial.ts';

export const PRECISIONS: readonly NativePrecision[] = ['fp32', 'bf16', 'int8'];

/** The instruction that limits a kernel, by its family, named as in `cosimo_bench`. fp32 on AMX makes three bf16 products for one. */
const BOUNDS: Readonly<Record<string, Partial<Record<NativePrecision, string>>>> = {
  amx: { fp32: 'bf16_tile', bf16: 'bf16_tile', int8: 'int8_tile' },
  avx512: { fp32: 'fma_zmm', bf16: 'bf16_zmm', int8: 'vnni_zmm' },
  avx2: { fp32: 'fma_ymm', int8: 'vnni_ymm' },
  neon: { fp32: 'fma_neon' },
};

/** The kernel that runs by default; undefined if the machine has none of this precision. */
export function kernelFor(precision: NativePrecision, { encoders }: CpuAbilities): NativeEncoderKernel | undefined {
  return encoders.find((kernel) => kernel.precision === precision);
}

/** The kernel that COSIMO_KERNEL=`family` forces, if it differs from the default one. */
export function forcedKernel(
  precision: NativePrecision,
  family: string,
  cpu: CpuAbilities,
): NativeEncoderKernel | undefined {
  if (kernelFor(precision, cpu)?.family === family) return undefined;
  return cpu.encoders.find((kernel) => kernel.precision === precision && kernel.family === family);
}

/** The instruction that limits a kernel's speed, if this machine can measure it. */
export function limitingInstruction(
  { family, precision }: NativeEncoderKernel,
  { instructions }: CpuAbilities,
): string | undefined {
  const name = BOUNDS[family]?.[precision];
  return name !== undefined && instructions.includes(name) ? name : undefined;
}
