/** What a stored vector was made by, as one string. A store keeps vectors of one fingerprint. */

/**
 * fp32, fp16 and bf16 give nearly the same vectors, whichever encoder computes them: they share a fingerprint, so that a host
 * without its GPU still serves the same store. int8 has its own.
 *
 * @param modelFingerprint stands for the model's files
 * @param precision as in the setting PRECISION
 */
export function vectorFingerprint(modelFingerprint: string, precision: string): string {
  return `${modelFingerprint}-${precision === 'int8' ? 'int8' : 'fp32'}`;
}
