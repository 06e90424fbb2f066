/** The vector divided by its L2 norm; one of zeros stays as it is. */
export function unitVector(vector: Float32Array): Float32Array {
  const norm = Math.hypot(...vector);
  return norm === 0 ? vector : vector.map((value) => value / norm);
}
