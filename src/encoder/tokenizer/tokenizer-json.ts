/** The parts of a tokenizer.json that Cosimo itself reads; the library reads the rest. */

export interface TokenizerJson {
  readonly model?: {
    readonly type?: string;
    /** Unigram has a list: a token's position is its id. */
    readonly vocab?: Readonly<Record<string, number>> | readonly (readonly [token: string, score: number])[];
    readonly max_input_chars_per_word?: number;
  };
  readonly added_tokens?: readonly { readonly id: number; readonly content: string }[];
  readonly normalizer?: { readonly type?: string } | null;
  readonly pre_tokenizer?: { readonly type?: string } | null;
}

/**
 * The most tokens that one word can have. Undefined unless the tokenizer works word by word and normalizes character by
 * character: in others a later character may change the first tokens.
 */
export function wordTokensMax({ model, normalizer, pre_tokenizer: words }: TokenizerJson): number | undefined {
  const isWordwise = words?.type === 'BertPreTokenizer' && (normalizer?.type ?? 'BertNormalizer') === 'BertNormalizer';
  return model?.type === 'WordPiece' && isWordwise ? (model.max_input_chars_per_word ?? 100) : undefined;
}

/** The largest token id, added tokens included. */
export function largestId({ model, added_tokens: added = [] }: TokenizerJson): [token: string, id: number] {
  const { vocab = {} } = model ?? {};
  let [largest, id] = ['', -1];
  const consider = (token: string, candidate: number) => {
    if (candidate > id) [largest, id] = [token, candidate];
  };
  if (Array.isArray(vocab)) vocab.forEach(([token], at) => consider(token, at));
  else for (const [token, candidate] of Object.entries(vocab)) consider(token, candidate);
  for (const token of added) consider(token.content, token.id);
  return [largest, id];
}
