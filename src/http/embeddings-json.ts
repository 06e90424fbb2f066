/** The bodies that answer /embed and /embed/batch: floats written natively into the bytes that are sent. */
import { native } from '../native/binding.ts';

/** Members behind the embeddings. */
export type OtherMembers = Readonly<Record<string, number>>;

/** Writes JSON of vectors, commas between them, from `offset` on; returns where it ends, or -1 where it can't. */
export type WriteVectors = (target: Uint8Array, offset: number) => number;

/** Up to so many floats are written at once, in about half a millisecond; more are written off the event loop. */
const FLOATS_AT_ONCE = 64 * 1024;
/** Answers of some kilobytes are cut from blocks of this size, which are freed with the last of their answers. */
const BLOCK_BYTES = 64 * 1024;
const HEAD = Buffer.from('{"embeddings":[');

export class EmbeddingsJson {
  #block = Buffer.allocUnsafeSlow(0);
  #used = 0;

  /** Whether so many floats may be written without leaving the event loop. */
  isSmall(count: number, dimensions: number): boolean {
    return count * dimensions <= FLOATS_AT_ONCE;
  }

  async of(vectors: readonly Float32Array[], others: OtherMembers): Promise<Buffer> {
    const dimensions = vectors[0]?.length ?? 0;
    const write: WriteVectors = (target, offset) => native.writeVectorsJson(vectors, target, offset);
    if (this.isSmall(vectors.length, dimensions))
      return this.write(vectors.length, dimensions, others, write) as Buffer;
    return Buffer.concat([HEAD, await native.vectorsJson(vectors), tailOf(others)]);
  }

  /** @returns undefined where `write` can't */
  write(count: number, dimensions: number, others: OtherMembers, write: WriteVectors): Buffer | undefined {
    const tail = tailOf(others);
    const block = this.#blockWith(HEAD.length + count * native.vectorJsonBytes(dimensions) + tail.length);
    const start = this.#used;
    HEAD.copy(block, start);
    const end = write(block, start + HEAD.length);
    if (end < 0) return undefined;
    this.#used = end + tail.copy(block, end);
    return block.subarray(start, this.#used);
  }

  #blockWith(bytes: number): Buffer {
    if (this.#block.length - this.#used < bytes) {
      this.#block = Buffer.allocUnsafeSlow(Math.max(BLOCK_BYTES, bytes));
      this.#used = 0;
    }
    return this.#block;
  }
}

function tailOf(others: OtherMembers): Buffer {
  return Buffer.from(`],${JSON.stringify(others).slice(1)}`);
}
