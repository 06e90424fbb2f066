/** Reports of the batch queue about its work, for metrics. */

export interface TokenizeReport {
  readonly elapsed_ms: number;
  /** Texts that had more tokens than the model sees. */
  readonly truncated: number;
}

export interface BatchReport {
  /** How long each text waited before it was taken, tokenizing included. */
  readonly queue_ms: readonly number[];
  readonly elapsed_ms: number;
  /** Tokens of the texts, and of the padding that brought them to equal length. */
  readonly tokens: number;
  readonly paddingTokens: number;
}
