/** Tokenized texts that wait for an encoder, and which of them go together. */
import { countThatFit, planBatches } from './plan-batches.ts';
import { WaitingList } from './waiting-list.ts';
import { byTurn, type WaitingText } from './waiting-text.ts';

export interface BatchLimits {
  /** Tokens of one inference, padding included. */
  readonly batchTokens: number;
  /** Whether texts are padded to the longest of their inference. */
  readonly pads: boolean;
  /** What one inference costs besides its tokens, counted in tokens. */
  readonly overheadTokens: number;
}

/** Planning looks only at this many texts whose turn is next, since its time grows with their number. */
const WINDOW_TEXTS = 256;

export class ReadyTexts extends WaitingList {
  readonly #limits: BatchLimits;

  constructor(limits: BatchLimits) {
    super();
    this.#limits = limits;
  }

  /** The next batch: as many texts as fit, in their order. If texts are padded, it is the planned batch of the first text. */
  take(): WaitingText[] {
    if (this.texts.length === 0) return [];
    this.texts.sort(byTurn);
    if (this.#limits.pads) return this.#takePlanned();
    const lengths = this.texts.map(({ tokens }) => tokens);
    return this.texts.splice(0, countThatFit(lengths, this.#limits.batchTokens));
  }

  /**
   * Plans the texts whose turn is next into batches, and takes the batch of the very next text. So a text waits for at most
   * one batch for each text whose turn comes before its own.
   */
  #takePlanned(): WaitingText[] {
    const window = this.texts.slice(0, WINDOW_TEXTS);
    const { batchTokens, overheadTokens } = this.#limits;
    const lengths = window.map(({ tokens }) => tokens);
    const plan = planBatches(lengths, batchTokens, overheadTokens);
    const chosen = plan.find((part) => part.includes(0)) as number[];
    const batch = new Set(chosen.map((at) => window[at] as WaitingText));
    this.texts = this.texts.filter((text) => !batch.has(text));
    return [...batch];
  }
}
