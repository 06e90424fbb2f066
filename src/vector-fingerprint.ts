/** What a stored vector was made by, in one string: a store keeps the vectors of one. */
import type { Config } from './config.ts';
import type { ResolvedModel } from './model/source/resolve-model.ts';

/**
 * Vectors made in fp16 or bf16 lie next to those made in fp32, whatever encodes, so that a host which has lost its GPU serves the
 * same store. Those made in int8 don't.
 */
export function vectorFingerprint(
  { fingerprint }: Pick<ResolvedModel, 'fingerprint'>,
  { PRECISION }: Pick<Config, 'PRECISION'>,
): string {
  return `${fingerprint}-${PRECISION === 'int8' ? 'int8' : 'fp32'}`;
}
