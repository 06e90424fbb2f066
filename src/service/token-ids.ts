/** Token ids that a client sends instead of a text. */
import type { ServedModel } from './engine.ts';

export interface ModelInput {
  /** Token ids with [CLS] and [SEP], no longer than the model sees. */
  readonly ids: Int32Array;
  readonly truncated: boolean;
}

/** Whether the model knows all of the ids. */
export function areInVocabulary(ids: readonly number[], { vocabSize }: Pick<ServedModel, 'vocabSize'>): boolean {
  return ids.every((id) => id < vocabSize);
}

/** Adds the tokens that the tokenizer puts around a text, unless they are there, and truncates the ids between them. */
export function toModelInput(
  ids: readonly number[],
  { prefix, suffix, maxTokens }: Pick<ServedModel, 'prefix' | 'suffix' | 'maxTokens'>,
): ModelInput {
  const start = prefix.length > 0 && prefix.every((id, at) => ids[at] === id) ? prefix.length : 0;
  const isEnded = suffix.length > 0 && suffix.every((id, at) => ids[ids.length - suffix.length + at] === id);
  const end = isEnded ? Math.max(start, ids.length - suffix.length) : ids.length;
  const room = maxTokens - prefix.length - suffix.length;
  const within = ids.slice(start, Math.min(end, start + room));
  return { ids: Int32Array.from([...prefix, ...within, ...suffix]), truncated: end - start > room };
}
