/** What the event loop and the tokenizer's thread say to each other. */
import type { Model } from '../../model/model.ts';
import type { PackedIds } from '../packed-ids.ts';
import type { SpecialTokens } from './tokenizer.ts';

export interface TokenizerThreadOptions {
  readonly model: Pick<Model, 'dir' | 'config'>;
}

/** What the thread sends once it is ready. */
export interface TokenizerFacts {
  readonly special: SpecialTokens;
}

export interface TokenizerMethods {
  tokenize(texts: readonly string[]): PackedTexts;
}

/** The tokens of each text. */
export interface PackedTexts extends PackedIds {
  /** Whether a text had more tokens than it has here. */
  readonly truncated: readonly boolean[];
}
