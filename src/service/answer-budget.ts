/** Bounds the memory of answers that are being made, or that their clients have not read yet. */
import { CosimoError } from '../errors.ts';

export class AnswerBudget {
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /**
   * @param over aborts once the answer is sent or the client gone, and frees its bytes
   * @returns a function that takes bytes for this answer; it throws CosimoError `queue_full` when there are too few, `cancelled` once
   *   the answer is over
   */
  open(over: AbortSignal): (bytes: number) => void {
    let taken = 0;
    over.addEventListener(
      'abort',
      () => {
        this.#bytes -= taken;
      },
      { once: true },
    );
    return (bytes) => {
      if (over.aborted) throw new CosimoError('cancelled');
      if (this.#bytes + bytes > this.#bytesMax) {
        throw new CosimoError(
          'queue_full',
          'Too much waits to be read by clients; try again later or with a smaller top_k',
        );
      }
      this.#bytes += bytes;
      taken += bytes;
    };
  }
}
