/** Tokenized texts that wait for an encoder, and which of them go together. */
import { countThatFit, planBatches } from './plan-batches.ts';
import { byTurn, dropUnwanted, type WaitingText } from './waiting-text.ts';

export interface BatchLimits {
  /** Tokens of one inference, padding included. */
  readonly batchTokens: number;
  /** Whether texts of one inference are brought to the length of the longest. */
  readonly pads: boolean;
  /** What one inference costs beside its tokens, in tokens. */
  readonly overheadTokens: number;
}

/** Texts whose turn is next, among which a batch is looked for: planning takes time that grows with their number. */
const WINDOW_TEXTS = 256;

export class ReadyTexts {
  readonly #limits: BatchLimits;
  #texts: WaitingText[] = [];

  constructor(limits: BatchLimits) {
    this.#limits = limits;
  }

  add(texts: readonly WaitingText[]): void {
    for (const text of texts) this.#texts.push(text);
  }

  /** Those whose turn is next; where they are padded, those that go well with the first. */
  take(): WaitingText[] {
    if (this.#texts.length === 0) return [];
    this.#texts.sort(byTurn);
    if (this.#limits.pads) return this.#takePlanned();
    const lengths = this.#texts.map(({ tokens }) => tokens);
    return this.#texts.splice(0, countThatFit(lengths, this.#limits.batchTokens));
  }

  /**
   * Of the batches in which what waits next is best encoded, the one with the text whose turn it is. So a text is never
   * passed over twice for the same other text's sake, and at most once for each text whose turn came before its own.
   */
  #takePlanned(): WaitingText[] {
    const window = this.#texts.slice(0, WINDOW_TEXTS);
    const { batchTokens, overheadTokens } = this.#limits;
    const lengths = window.map(({ tokens }) => tokens);
    const plan = planBatches(lengths, batchTokens, overheadTokens);
    const chosen = plan.find((part) => part.includes(0)) as number[];
    const batch = new Set(chosen.map((at) => window[at] as WaitingText));
    this.#texts = this.#texts.filter((text) => !batch.has(text));
    return [...batch];
  }

  /** @returns those that nobody waits for any more; they are gone */
  takeUnwanted(): WaitingText[] {
    const { wanted, unwanted } = dropUnwanted(this.#texts);
    this.#texts = wanted;
    return unwanted;
  }

  /** @returns all; they are gone */
  clear(): WaitingText[] {
    const texts = this.#texts;
    this.#texts = [];
    return texts;
  }
}
