/** What a stored vector was made by, in one string: a store keeps the vectors of one. */
import type { ResolvedModel } from './model/resolve-model.ts';

/** Vectors made in fp16 lie next to those made in fp32, so that a host which has lost its GPU serves the same store. */
export function vectorFingerprint({ fingerprint }: ResolvedModel): string {
  return `${fingerprint}-fp32`;
}
