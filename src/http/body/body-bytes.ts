/** The bytes of a request body. */

const BLOCK_BYTES = 64 * 1024;

/**
 * The bytes of a body, in blocks that nobody else uses, so that they can be handed to another thread. Each chunk is
 * copied when it comes: joining a large body at its end would block the event loop for as long as all those copies
 * take together. Only a body that is a single chunk is not copied.
 */
export class BodyBytes {
  readonly #blocks: Buffer<ArrayBuffer>[] = [];
  #single: Buffer | undefined;
  #roomInLast = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** @param expected bytes of the whole body, if known: the block of a small body then has its size */
  append(chunk: Buffer, expected = BLOCK_BYTES): void {
    if (this.#length === 0 && chunk.length === expected) {
      this.#single = chunk;
      this.#length = chunk.length;
      return;
    }
    this.#copySingle();
    this.#copy(chunk, expected);
  }

  #copySingle(): void {
    const single = this.#single;
    if (single === undefined) return;
    this.#single = undefined;
    this.#length = 0;
    this.#copy(single, single.length);
  }

  #copy(chunk: Buffer, expected: number): void {
    let rest = chunk;
    while (rest.length > 0) {
      if (this.#roomInLast === 0) this.#addBlock(Math.min(BLOCK_BYTES, Math.max(expected - this.#length, rest.length)));
      const last = this.#blocks.at(-1) as Buffer<ArrayBuffer>;
      const copied = rest.copy(last, last.length - this.#roomInLast);
      this.#roomInLast -= copied;
      this.#length += copied;
      rest = rest.subarray(copied);
    }
  }

  /** All bytes in one buffer. */
  join(): Buffer {
    if (this.#single !== undefined) return this.#single;
    const first = this.#blocks[0];
    if (first !== undefined && this.#blocks.length === 1) return first.subarray(0, this.#length);
    return Buffer.concat(this.#blocks, this.#length);
  }

  /** Takes the memory of the blocks, for another thread; this object is empty afterwards. The last block may end in unused bytes. */
  take(): ArrayBuffer[] {
    this.#copySingle();
    this.#roomInLast = 0;
    this.#length = 0;
    return this.#blocks.splice(0).map((block) => block.buffer);
  }

  /** Gives the memory back at once; otherwise it would stay until V8 next collects garbage. */
  discard(): void {
    this.#single = undefined;
    for (const block of this.take()) block.transfer(0);
  }

  #addBlock(bytes: number): void {
    // Not from the pool that small buffers share: a block is handed over with all its memory.
    this.#blocks.push(Buffer.allocUnsafeSlow(bytes));
    this.#roomInLast = bytes;
  }
}
