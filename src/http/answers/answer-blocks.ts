/** Memory for the bodies of answers. It is used again once they have been sent, since fresh memory costs more than writing the body. */

/** Answers of some kilobytes share blocks of this size; a larger one has its own. */
const BLOCK_BYTES = 64 * 1024;
/** Most bytes of unused blocks that are kept. */
const KEPT_BYTES = 4 * 1024 * 1024;

interface Block {
  readonly memory: Buffer;
  used: number;
  /** Bodies in it that have not been released. */
  bodies: number;
}

export class AnswerBlocks {
  #current: Block = { memory: Buffer.alloc(0), used: 0, bodies: 0 };
  readonly #kept: Block[] = [];
  #keptBytes = 0;

  /**
   * @param bytes most bytes that `write` may fill
   * @param write fills `memory` from `start` on; returns where the body ends, or -1 when it writes none
   * @returns the body. Call `release` once its last byte has been sent; if it is never called, the garbage collector takes the block
   */
  write(
    bytes: number,
    write: (memory: Buffer, start: number) => number,
  ): { readonly body: Buffer; readonly release: () => void } | undefined {
    const block = this.#withRoom(bytes);
    const start = block.used;
    const end = write(block.memory, start);
    if (end < 0) return undefined;
    block.used = end;
    block.bodies += 1;
    return { body: block.memory.subarray(start, end), release: () => this.#release(block) };
  }

  #withRoom(bytes: number): Block {
    if (this.#current.memory.length - this.#current.used >= bytes) return this.#current;
    if (this.#current.bodies === 0) this.#keep(this.#current);
    const at = this.#kept.findIndex(({ memory }) => memory.length >= bytes);
    const [kept] = at < 0 ? [] : this.#kept.splice(at, 1);
    if (kept !== undefined) this.#keptBytes -= kept.memory.length;
    this.#current = kept ?? { memory: Buffer.allocUnsafeSlow(Math.max(BLOCK_BYTES, bytes)), used: 0, bodies: 0 };
    return this.#current;
  }

  #release(block: Block): void {
    block.bodies -= 1;
    if (block.bodies > 0) return;
    if (block === this.#current) block.used = 0;
    else this.#keep(block);
  }

  #keep(block: Block): void {
    if (this.#keptBytes + block.memory.length > KEPT_BYTES) return;
    block.used = 0;
    this.#kept.push(block);
    this.#keptBytes += block.memory.length;
  }
}
