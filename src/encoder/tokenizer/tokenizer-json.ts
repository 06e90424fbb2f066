/** What Cosimo itself looks at in a tokenizer.json; the rest is the library's. */

export interface TokenizerJson {
  readonly model?: {
    readonly type?: string;
    /** Of Unigram a list, whose places are the ids. */
    readonly vocab?: Readonly<Record<string, number>> | readonly (readonly [token: string, score: number])[];
    readonly max_input_chars_per_word?: number;
  };
  readonly added_tokens?: readonly { readonly id: number; readonly content: string }[];
  readonly normalizer?: { readonly type?: string } | null;
  readonly pre_tokenizer?: { readonly type?: string } | null;
}

/**
 * The most tokens that one word can have, for a tokenizer that works word by word on characters that are normalized one
 * by one; undefined for others, where any later character may change the tokens of the first.
 */
export function wordTokensMax({ model, normalizer, pre_tokenizer: words }: TokenizerJson): number | undefined {
  const isWordwise = words?.type === 'BertPreTokenizer' && (normalizer?.type ?? 'BertNormalizer') === 'BertNormalizer';
  return model?.type === 'WordPiece' && isWordwise ? (model.max_input_chars_per_word ?? 100) : undefined;
}

/** Among all of the vocabulary, the tokens that were added to it included. */
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
