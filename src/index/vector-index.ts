/** The typed face of the native vector index. */
import { type NativeVectorIndex, native } from '../native/binding.ts';

/** Exact cosine top-k over unit vectors, keyed by the version of the document that a row belongs to. */
export type VectorIndex = NativeVectorIndex;

/** @param threads threads of the index's own pool, on which scans run */
export function createVectorIndex(dimensions: number, threads: number): VectorIndex {
  return new native.VectorIndex({ dimensions, threads });
}
