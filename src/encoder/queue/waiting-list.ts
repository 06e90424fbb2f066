/** Texts that wait for one stage; the stage's own list says how it takes them. */
import { splitByWanted, type WaitingText } from './waiting-text.ts';

export class WaitingList {
  protected texts: WaitingText[] = [];

  add(texts: readonly WaitingText[]): void {
    for (const text of texts) this.texts.push(text);
  }

  /** Removes the texts that nobody waits for any more. @returns them */
  takeUnwanted(): WaitingText[] {
    const { wanted, unwanted } = splitByWanted(this.texts);
    this.texts = wanted;
    return unwanted;
  }

  /** Removes all texts. @returns them */
  clear(): WaitingText[] {
    return this.texts.splice(0);
  }
}
