/** Texts that wait for the tokenizer, and which of them it gets at once. */
import { WaitingList } from './waiting-list.ts';
import { byTurn, type WaitingText } from './waiting-text.ts';

/** Texts and UTF-8 bytes of one call to the tokenizer: few, so that encoders don't wait for it long. */
const TEXTS_MAX = 64;
const BYTES_MAX = 64 * 1024;

/** Longer texts have a lane of their own: some take the tokenizer seconds, and short ones must not wait behind them. */
export const isLong = (text: WaitingText): boolean => text.bytes > BYTES_MAX;

export class UntokenizedTexts extends WaitingList {
  /** The texts whose turn is next; empty when none waits. */
  take(): WaitingText[] {
    this.texts.sort(byTurn);
    let bytes = 0;
    let count = 0;
    for (const text of this.texts) {
      bytes += text.bytes;
      if (count === TEXTS_MAX || (count > 0 && bytes > BYTES_MAX)) break;
      count += 1;
    }
    return this.texts.splice(0, count);
  }
}
