/**
 * Whose turn it is among calls that share the encoder: fair queueing. Every call gets an equal share of what is encoded, in
 * tokens, however many texts it brings; a call of one text behind one of a hundred goes before most of those.
 *
 * Virtual time: tokens that each waiting call would have received so far in an even split. A text is due at the virtual time
 * at which its call came, plus the tokens of the texts before it in its call.
 */

export interface Share {
  /** Virtual time at which the call's next text is due. */
  next: number;
  /** Texts of the call that wait. */
  waiting: number;
}

export class FairOrder {
  #virtualTime = 0;
  #waitingCalls = 0;

  /** The share of a call that comes now. */
  newShare(): Share {
    return { next: this.#virtualTime, waiting: 0 };
  }

  /** A text of the call begins to wait. */
  add(share: Share): void {
    if (share.waiting === 0) this.#waitingCalls += 1;
    share.waiting += 1;
  }

  /** A text of the call waits no longer. */
  remove(share: Share): void {
    share.waiting -= 1;
    if (share.waiting === 0) this.#waitingCalls -= 1;
  }

  /** Tokens of any calls go to the encoder. Call this before their texts are removed. */
  served(tokens: number): void {
    this.#virtualTime += tokens / Math.max(1, this.#waitingCalls);
  }
}
