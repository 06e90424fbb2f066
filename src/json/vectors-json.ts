/** The typed face of the native JSON writer: vectors as JSON text, each float in the shortest form that reads back. */
import { native } from '../native/binding.ts';

/**
 * Writes `[…],[…]`, without brackets around, into `target` from `offset` on. Takes some microseconds per thousand floats.
 * @returns where the text ends
 * @throws `not_finite`; `invalid_argument` when a vector does not find `vectorJsonBytes` in the target
 */
export function writeVectorsJson(vectors: readonly Float32Array[], target: Uint8Array, offset: number): number {
  return native.writeVectorsJson(vectors, target, offset);
}

/** The same text in a buffer of its own, written off the event loop. The vectors are copied before the call returns. */
export function vectorsJson(vectors: readonly Float32Array[]): Promise<Buffer> {
  return native.vectorsJson(vectors);
}

/** The bytes that a vector's JSON takes at most. */
export function vectorJsonBytes(dimensions: number): number {
  return native.vectorJsonBytes(dimensions);
}
