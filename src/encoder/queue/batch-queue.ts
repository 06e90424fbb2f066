/**
 * Texts on their way to their vectors. There is no timer: a free encoder takes the text whose turn it is, and others that go
 * well with it. Equal texts are encoded once, even if the earlier one is being encoded already. A text that nobody waits for
 * any more is dropped, and a running batch of such texts is stopped where the encoder can.
 */
import { CosimoError } from '../../errors.ts';
import type { TokenizedText } from '../tokenizer/tokenizer.ts';
import { Admission, type Size } from './admission.ts';
import { FairOrder } from './fair-order.ts';
import type { BatchReport, TokenizeReport } from './queue-reports.ts';
import { type BatchLimits, ReadyTexts } from './ready-texts.ts';
import { bytesOf, estimateSize } from './size-estimate.ts';
import { Stage } from './stage.ts';
import { isLong, UntokenizedTexts } from './untokenized-texts.ts';
import {
  type EncodedText,
  encodedUntil,
  keyOf,
  type Purpose,
  type QueueInput,
  splitByWanted,
  WaitingText,
} from './waiting-text.ts';

export interface BatchQueueOptions extends BatchLimits {
  /** Tokenizes some texts. Called once at a time for short texts, and once for long ones. */
  readonly tokenize: (texts: readonly string[]) => Promise<readonly TokenizedText[]>;
  /** Each encodes one batch at a time: `batch.length × dimensions` floats. The signal aborts once nobody wants them. */
  readonly encoders: readonly ((batch: readonly Int32Array[], signal: AbortSignal) => Promise<Float32Array>)[];
  /** The model sees at most this many tokens of a text. */
  readonly maxTokens: number;
  /** Most tokens and UTF-8 bytes that may wait or be encoded; more is refused. */
  readonly tokensMax: number;
  readonly bytesMax: number;
  readonly onTokenized?: (report: TokenizeReport) => void;
  readonly onBatch?: (report: BatchReport) => void;
  /** A text has failed for good. */
  readonly onFailed?: (error: Error) => void;
}

/** Texts on their way through the tokenizer. */
interface TokenizerLane {
  readonly waiting: UntokenizedTexts;
  readonly stage: Stage<readonly TokenizedText[]>;
}

const NO_VECTOR = new Float32Array();

export class BatchQueue {
  readonly #options: BatchQueueOptions;
  readonly #admission: Admission;
  readonly #order = new FairOrder();
  /** Every text that waits or is being encoded. */
  readonly #entries = new Map<string, WaitingText>();
  readonly #ready: ReadyTexts;
  readonly #shortTexts: TokenizerLane;
  readonly #longTexts: TokenizerLane;
  readonly #encoding: Stage<Float32Array>;
  #closed = false;

  constructor(options: BatchQueueOptions) {
    this.#options = options;
    const { tokensMax, bytesMax, encoders } = options;
    this.#admission = new Admission({ tokensMax, bytesMax, encoders: encoders.length });
    this.#ready = new ReadyTexts(options);
    const wanted = (group: readonly WaitingText[]) => this.#keepWanted(group);
    const onFailed = (text: WaitingText, error: Error) => {
      this.#settle(text, error);
      options.onFailed?.(error);
    };
    const newLane = (): TokenizerLane => {
      const waiting = new UntokenizedTexts();
      const stage = new Stage({
        workers: [(group) => options.tokenize(group.map(({ input }) => input as string))],
        take: () => waiting.take(),
        onDone: (group, tokenized: readonly TokenizedText[], elapsed_ms) =>
          this.#tokenized(group, tokenized, elapsed_ms),
        wanted,
        onFailed,
      });
      return { waiting, stage };
    };
    this.#shortTexts = newLane();
    this.#longTexts = newLane();
    this.#encoding = new Stage({
      workers: encoders.map((encode) => (group: readonly WaitingText[], signal: AbortSignal) => {
        return encode(group.map(idsOf), signal).then(requireFinite);
      }),
      take: () => this.#takeBatch(),
      onDone: (group, vectors, elapsed_ms) => this.#encoded(group, vectors, elapsed_ms),
      wanted,
      onFailed,
    });
  }

  /** Texts that wait or are being encoded. */
  get texts(): number {
    return this.#entries.size;
  }

  /** Their tokens: estimated for those that have not been tokenized yet. */
  get tokens(): number {
    return this.#admission.tokens;
  }

  get bytes(): number {
    return this.#admission.bytes;
  }

  /** Estimated seconds until everything that waits now is done, at least 1. Retry-After is made from it. */
  get estimatedWait_s(): number {
    return this.#admission.estimatedWait_s;
  }

  /**
   * Admits all inputs or none.
   * @param inputs different from one another; token ids with [CLS] and [SEP], at most the model's `max_seq_length`
   * @param signal aborts when this caller waits no longer
   * @param sizes UTF-8 bytes of each input, if the caller has counted them already
   * @param purpose `count` counts the tokens of each text and encodes none
   * @returns a promise for each input's vector; rejected with `inference_failed`, `encoder_lost` or `cancelled`
   * @throws CosimoError `queue_full`
   */
  enqueue(
    inputs: readonly QueueInput[],
    signal?: AbortSignal,
    sizes: readonly number[] = inputs.map(bytesOf),
    purpose: Purpose = 'encode',
  ): Promise<EncodedText>[] {
    if (signal?.aborted) throw new CosimoError('cancelled');
    if (this.#closed) throw new CosimoError('closed');
    const { maxTokens } = this.#options;
    const known = inputs.map((input) => this.#entries.get(keyOf(input, purpose)));
    const estimates = inputs.map((input, at) => estimateSize(input, sizes[at] as number, maxTokens));
    const fresh = estimates.filter((_, at) => known[at] === undefined);
    this.#admission.requireRoom({ tokens: sum(fresh, 'tokens'), bytes: sum(fresh, 'bytes') });
    const share = this.#order.newShare();
    const texts = inputs.map((input, at) => {
      const size = estimates[at] as Size;
      const due = share.next;
      share.next += size.tokens;
      const same = known[at];
      if (same === undefined) return this.#add(new WaitingText(input, purpose, size, { share, due }));
      // Already queued. This caller shares the result; the text's turn may move forward, never back.
      same.waiters += 1;
      same.due = Math.min(same.due, due);
      return same;
    });
    // All calls of this turn of the event loop are admitted before the first batch is made up.
    queueMicrotask(() => this.#startWork());
    return signal === undefined
      ? texts.map(({ encoded }) => encoded)
      : encodedUntil(signal, texts, this.#forgetUnwanted);
  }

  /** Refuses what is new and what waits with `closed`; resolves once the batches that run have ended. */
  async close(): Promise<void> {
    this.#closed = true;
    const lanes = [this.#shortTexts, this.#longTexts];
    const waiting = [...lanes.flatMap((lane) => lane.waiting.clear()), ...this.#ready.clear()];
    const refuse = (texts: readonly WaitingText[]) => {
      for (const text of texts) this.#settle(text, new CosimoError('closed'));
    };
    refuse(waiting);
    for (const { stage } of lanes) refuse(await stage.close());
    refuse(await this.#encoding.close());
  }

  #add(text: WaitingText): WaitingText {
    this.#order.add(text.share);
    this.#entries.set(text.key, text);
    this.#admission.add(text);
    if (text.ids === undefined) (isLong(text) ? this.#longTexts : this.#shortTexts).waiting.add([text]);
    else this.#ready.add([text]);
    return text;
  }

  #startWork(): void {
    this.#shortTexts.stage.startWork();
    this.#longTexts.stage.startWork();
    this.#encoding.startWork();
  }

  #tokenized(group: readonly WaitingText[], tokenized: readonly TokenizedText[], elapsed_ms: number): void {
    for (const [at, text] of group.entries()) {
      const { ids, truncated } = tokenized[at] as TokenizedText;
      this.#admission.correct(text.tokens, ids.length);
      Object.assign(text, { ids, truncated, tokens: ids.length });
      if (this.#closed) this.#settle(text, new CosimoError('closed'));
      else if (text.purpose === 'count') this.#settle(text, { vector: NO_VECTOR, tokens: ids.length, truncated });
    }
    this.#options.onTokenized?.({ elapsed_ms, truncated: group.filter(({ truncated }) => truncated).length });
    if (this.#closed) return;
    this.#ready.add(this.#keepWanted(group.filter(({ purpose }) => purpose === 'encode')));
    this.#encoding.startWork();
  }

  #takeBatch(): WaitingText[] {
    const batch = this.#ready.take();
    this.#order.served(sum(batch, 'cost'));
    for (const text of batch) {
      this.#order.remove(text.share);
      text.taken_ms = performance.now();
    }
    return batch;
  }

  #encoded(group: readonly WaitingText[], vectors: Float32Array, elapsed_ms: number): void {
    const dimensions = vectors.length / group.length;
    const tokens = sum(group, 'tokens');
    const longest = group.reduce((most, text) => Math.max(most, text.tokens), 0);
    const queue_ms = group.map((text) => (text.taken_ms as number) - text.queued_ms);
    for (const [at, text] of group.entries()) {
      const vector = vectors.subarray(at * dimensions, (at + 1) * dimensions);
      this.#settle(text, { vector, tokens: text.tokens, truncated: text.truncated });
    }
    this.#admission.observe(tokens, elapsed_ms);
    const paddingTokens = this.#options.pads ? longest * group.length - tokens : 0;
    this.#options.onBatch?.({ queue_ms, elapsed_ms, tokens, paddingTokens });
  }

  #settle(text: WaitingText, outcome: EncodedText | Error): void {
    this.#entries.delete(text.key);
    this.#admission.release(text);
    if (text.taken_ms === undefined) this.#order.remove(text.share);
    if (outcome instanceof Error) text.reject(outcome);
    else text.resolve(outcome);
  }

  readonly #forgetUnwanted = (): void => {
    const waiting = [this.#shortTexts.waiting, this.#longTexts.waiting, this.#ready];
    const unwanted = waiting.flatMap((list) => list.takeUnwanted());
    for (const text of unwanted) this.#settle(text, new CosimoError('cancelled'));
    this.#encoding.stopUnwanted();
  };

  #keepWanted(texts: readonly WaitingText[]): WaitingText[] {
    const { wanted, unwanted } = splitByWanted(texts);
    for (const text of unwanted) this.#settle(text, new CosimoError('cancelled'));
    return wanted;
  }
}

const idsOf = ({ ids }: WaitingText) => ids as Int32Array;

function sum<K extends string>(items: readonly Readonly<Record<K, number>>[], key: K): number {
  return items.reduce((total, item) => total + item[key], 0);
}

/** The index refuses any other vector, and JSON has no number for it. */
function requireFinite(vectors: Float32Array): Float32Array {
  if (!vectors.every(Number.isFinite)) throw new CosimoError('inference_failed', 'A vector holds NaN or infinity');
  return vectors;
}
