/** Keeps long loops from blocking the event loop. */
import { setImmediate } from 'node:timers/promises';

const SLICE_MS = 2;

/** Await `turn()` in each round of a long loop: once the slice is used up it lets the event loop turn. */
export class TimeSlice {
  #ends_ms = performance.now() + SLICE_MS;

  turn(): Promise<void> | undefined {
    return performance.now() < this.#ends_ms ? undefined : this.#pause();
  }

  async #pause(): Promise<void> {
    await setImmediate();
    this.#ends_ms = performance.now() + SLICE_MS;
  }
}
