/** What the event loop and the tokenizer's thread say to each other. */
import type { PackedIds } from '../packed-ids.ts';
import type { SpecialTokens } from './tokenizer.ts';

export interface TokenizerThreadOptions {
  readonly modelDir: string;
}

export interface TokenizerFacts {
  /** Tokens of a text that the model sees, at most. */
  readonly maxTokens: number;
  readonly special: SpecialTokens;
}

export type TokenizeJob = readonly string[];

export interface TokenizeResult extends PackedIds {
  /** Whether a text had more tokens than it has here. */
  readonly truncated: readonly boolean[];
}
