/** A text on its way through the queue. */
import { CosimoError } from '../../errors.ts';
import type { Size } from './admission.ts';
import type { Share } from './fair-order.ts';

/** A text, or the token ids of one. */
export type QueueInput = string | Int32Array;

/** What the caller wants from a text: its vector, or only the number of its tokens. */
export type Purpose = 'encode' | 'count';

export interface EncodedText {
  /** A view, perhaps of a larger buffer; empty where only tokens were to be counted. */
  readonly vector: Float32Array;
  /** Tokens as the model sees them, [CLS] and [SEP] included. */
  readonly tokens: number;
  /** Whether the text had more tokens than the model sees. */
  readonly truncated: boolean;
}

/** No text starts with a lone surrogate, so these prefixes never collide with a text. */
const PREFIXES = { encode: '', count: '\ud800', ids: '\ud801' } as const;

/** Inputs with the same key share one answer. */
export function keyOf(input: QueueInput, purpose: Purpose): string {
  return typeof input === 'string' ? PREFIXES[purpose] + input : PREFIXES.ids + input.join();
}

export class WaitingText {
  readonly key: string;
  readonly input: QueueInput;
  readonly purpose: Purpose;
  readonly bytes: number;
  /** The share of the call that brought it. */
  readonly share: Share;
  readonly queued_ms = performance.now();
  readonly encoded: Promise<EncodedText>;
  readonly resolve: (encoded: EncodedText) => void;
  readonly reject: (error: Error) => void;
  /** When its turn comes, in the virtual time of `FairOrder`. */
  due: number;
  /** Its cost in `FairOrder`: the first estimate of its tokens. */
  readonly cost: number;
  /** Token ids once they are known. */
  ids: Int32Array | undefined;
  truncated = false;
  /** Estimated until the ids are known. */
  tokens: number;
  /** When it was taken to be encoded. */
  taken_ms: number | undefined;
  /** Callers that wait for it. */
  waiters = 1;
  /** How often it has failed. */
  failures = 0;

  constructor(input: QueueInput, purpose: Purpose, size: Size, { share, due }: { share: Share; due: number }) {
    this.key = keyOf(input, purpose);
    this.input = input;
    this.purpose = purpose;
    this.bytes = size.bytes;
    this.tokens = size.tokens;
    this.cost = size.tokens;
    this.share = share;
    this.due = due;
    if (typeof input !== 'string') this.ids = input;
    const { promise, resolve, reject } = Promise.withResolvers<EncodedText>();
    promise.catch(() => {}); // whoever waits sees the error; nobody may be waiting
    this.encoded = promise;
    this.resolve = resolve;
    this.reject = reject;
  }
}

export const byTurn = (a: WaitingText, b: WaitingText) => a.due - b.due;

/** Splits texts by whether anybody still waits for them. */
export function splitByWanted(texts: readonly WaitingText[]): { wanted: WaitingText[]; unwanted: WaitingText[] } {
  return {
    wanted: texts.filter(({ waiters }) => waiters > 0),
    unwanted: texts.filter(({ waiters }) => waiters === 0),
  };
}

/**
 * The texts' vectors for one caller, who leaves when the signal aborts.
 * @param onLeave called when the caller leaves: it may have been the last one that wanted a text
 */
export function encodedUntil(
  signal: AbortSignal,
  texts: readonly WaitingText[],
  onLeave: () => void,
): Promise<EncodedText>[] {
  const gone = Promise.withResolvers<never>();
  gone.promise.catch(() => {});
  const leave = () => {
    for (const text of texts) text.waiters -= 1;
    gone.reject(new CosimoError('cancelled'));
    onLeave();
  };
  signal.addEventListener('abort', leave, { once: true });
  const settled = Promise.allSettled(texts.map(({ encoded }) => encoded));
  void settled.then(() => signal.removeEventListener('abort', leave));
  return texts.map(({ encoded }) => Promise.race([encoded, gone.promise]));
}
