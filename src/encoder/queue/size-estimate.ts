/** The size of a text before it is tokenized. */
import type { Size } from './admission.ts';
import type { QueueInput } from './waiting-text.ts';

/** UTF-8 bytes of one token, about as in English. */
const BYTES_PER_TOKEN = 4;
/** [CLS] and [SEP]. */
const SPECIAL_TOKENS = 2;

export function bytesOf(input: QueueInput): number {
  return typeof input === 'string' ? Buffer.byteLength(input) : input.byteLength;
}

/** @param tokensMax most tokens of a text that the model sees. @returns an estimate; exact if the input is token ids */
export function estimateSize(input: QueueInput, bytes: number, tokensMax: number): Size {
  if (typeof input !== 'string') return { tokens: input.length, bytes };
  return { tokens: Math.min(tokensMax, SPECIAL_TOKENS + Math.ceil(bytes / BYTES_PER_TOKEN)), bytes };
}
