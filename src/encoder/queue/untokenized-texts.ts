/** Texts that wait for the tokenizer, and how many of them it gets at once. */
import { byTurn, splitByWanted, type WaitingText } from './waiting-text.ts';

/** Texts and UTF-8 bytes of one call to the tokenizer: few, so that encoders don't wait for it long. */
const TEXTS_MAX = 64;
const BYTES_MAX = 64 * 1024;

export class UntokenizedTexts {
  #texts: WaitingText[] = [];

  add(text: WaitingText): void {
    this.#texts.push(text);
  }

  /** The texts whose turn is next; empty when none waits. */
  take(): WaitingText[] {
    this.#texts.sort(byTurn);
    let bytes = 0;
    let count = 0;
    for (const text of this.#texts) {
      bytes += text.bytes;
      if (count === TEXTS_MAX || (count > 0 && bytes > BYTES_MAX)) break;
      count += 1;
    }
    return this.#texts.splice(0, count);
  }

  /** Removes the texts that nobody waits for any more. @returns them */
  takeUnwanted(): WaitingText[] {
    const { wanted, unwanted } = splitByWanted(this.#texts);
    this.#texts = wanted;
    return unwanted;
  }

  /** Removes all texts. @returns them */
  clear(): WaitingText[] {
    return this.#texts.splice(0);
  }
}
