/** Keeps long loops from blocking the event loop. */
import { setImmediate } from 'node:timers/promises';

const SLICE_MS = 2;

/**
 * Await `turn()` in each round of a long loop: once the slice is used up it lets the event loop turn. A loop that is
 * mostly short asks `isOver` first and awaits nothing.
 */
export class TimeSlice {
  #ends_ms = performance.now() + SLICE_MS;

  get isOver(): boolean {
    return performance.now() >= this.#ends_ms;
  }

  turn(): Promise<void> | undefined {
    return this.isOver ? this.#pause() : undefined;
  }

  async #pause(): Promise<void> {
    await setImmediate();
    this.#ends_ms = performance.now() + SLICE_MS;
  }
}
