/** Brings vectors to L2 norm 1. */

/** The vector divided by its L2 norm; a vector of zeros stays as it is. */
export function unitVector(vector: Float32Array): Float32Array {
  const norm = Math.hypot(...vector);
  return norm === 0 ? vector : vector.map((value) => value / norm);
}
