/**
 * Texts that wait for the encoder. No timer: a free encoder takes what waits, oldest first. Equal texts wait as one, also
 * when the earlier one is being encoded already; a text that nobody waits for any more is dropped.
 */
import { CosimoError } from '../errors.ts';
import type { EncodedTexts } from './encoder-thread.ts';

export interface BatchQueueOptions {
  /** Encodes one batch; called again only when the last one has settled. */
  readonly encode: (texts: readonly string[]) => Promise<EncodedTexts>;
  /** Most texts and UTF-8 bytes that may wait or be encoded; what is past them is refused. */
  readonly textsMax: number;
  readonly bytesMax: number;
  /** Called after each batch, with the error when it failed. */
  readonly onBatch?: (batch: BatchReport) => void;
}

export interface BatchReport {
  readonly texts: number;
  /** How long each text waited before it was taken. */
  readonly queue_ms: readonly number[];
  readonly outcome: EncodedTexts['timings'] | Error;
}

interface Entry {
  readonly text: string;
  readonly bytes: number;
  readonly queued_ms: number;
  readonly vector: Promise<Float32Array>;
  readonly resolve: (vector: Float32Array) => void;
  readonly reject: (error: Error) => void;
  waiters: number;
}

/** Enough for the encoder to sort into even batches, few enough that a newcomer doesn't wait long. */
const TAKE_TEXTS_MAX = 64;
const TAKE_BYTES_MAX = 64 * 1024;
/** Weight of the newest batch in the rate that Retry-After is computed from. */
const RATE_WEIGHT = 0.2;
const utf8Bytes = (text: string) => Buffer.byteLength(text);

export class BatchQueue {
  readonly #options: BatchQueueOptions;
  /** Every text that waits or is being encoded. */
  readonly #entries = new Map<string, Entry>();
  #waiting: Entry[] = [];
  #bytes = 0;
  #busy = false;
  #closed = false;
  #running: Promise<void> = Promise.resolve();
  #textsPerSecond = 0;

  constructor(options: BatchQueueOptions) {
    this.#options = options;
  }

  /** Texts that wait or are being encoded. */
  get texts(): number {
    return this.#entries.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Seconds until what waits now should be done, at least 1: for Retry-After. */
  get drain_s(): number {
    return Math.max(1, Math.ceil(this.#entries.size / (this.#textsPerSecond || Number.POSITIVE_INFINITY)));
  }

  /**
   * Admits all texts or none.
   * @param texts different from one another
   * @param signal when it fires, this caller waits no longer
   * @param sizes UTF-8 bytes of each text, from whoever has counted them already
   * @returns a promise for each text's vector; rejected with `inference_failed` or `cancelled`
   * @throws CosimoError `queue_full`
   */
  enqueue(
    texts: readonly string[],
    signal?: AbortSignal,
    sizes: readonly number[] = texts.map(utf8Bytes),
  ): Promise<Float32Array>[] {
    if (signal?.aborted) throw new CosimoError('cancelled');
    this.#admit(texts, sizes);
    const entries = texts.map((text, at) => this.#join(text, sizes[at] as number));
    // Everything that arrives in this turn of the event loop goes in one batch.
    if (!this.#busy) queueMicrotask(() => this.#start());
    return signal === undefined ? entries.map((entry) => entry.vector) : this.#waitUntil(signal, entries);
  }

  /** Refuses what is new and what waits with `closed`; resolves once the batch that runs has ended. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const entry of this.#waiting) {
      this.#leave(entry);
      entry.reject(new CosimoError('closed'));
    }
    this.#waiting = [];
    await this.#running;
  }

  #admit(texts: readonly string[], sizes: readonly number[]): void {
    if (this.#closed) throw new CosimoError('closed');
    const fresh = sizes.filter((_, at) => !this.#entries.has(texts[at] as string));
    const bytes = fresh.reduce((sum, size) => sum + size, 0);
    const { textsMax, bytesMax } = this.#options;
    if (this.#entries.size + fresh.length > textsMax || this.#bytes + bytes > bytesMax)
      throw new CosimoError('queue_full', undefined, { retryAfter_s: this.drain_s });
  }

  #join(text: string, bytes: number): Entry {
    const known = this.#entries.get(text);
    if (known !== undefined) {
      known.waiters += 1;
      return known;
    }
    const { promise: vector, resolve, reject } = Promise.withResolvers<Float32Array>();
    vector.catch(() => {}); // whoever waits sees the error; nobody may be waiting
    const entry: Entry = { text, bytes, queued_ms: performance.now(), vector, resolve, reject, waiters: 1 };
    this.#entries.set(text, entry);
    this.#bytes += bytes;
    this.#waiting.push(entry);
    return entry;
  }

  #leave(entry: Entry): void {
    this.#entries.delete(entry.text);
    this.#bytes -= entry.bytes;
  }

  #start(): void {
    if (!this.#busy) this.#running = this.#run();
  }

  async #run(): Promise<void> {
    this.#busy = true;
    for (let batch = this.#take(); batch.length > 0; batch = this.#take()) await this.#encode(batch);
    this.#busy = false;
  }

  #take(): Entry[] {
    const batch: Entry[] = [];
    let bytes = 0;
    for (const entry of this.#waiting) {
      if (batch.length > 0 && (batch.length >= TAKE_TEXTS_MAX || bytes + entry.bytes > TAKE_BYTES_MAX)) break;
      batch.push(entry);
      bytes += entry.bytes;
    }
    this.#waiting = this.#waiting.slice(batch.length);
    return batch;
  }

  async #encode(batch: readonly Entry[]): Promise<void> {
    const taken_ms = performance.now();
    const report = { texts: batch.length, queue_ms: batch.map((entry) => taken_ms - entry.queued_ms) };
    let outcome: BatchReport['outcome'];
    try {
      const { vectors, timings } = await this.#options.encode(batch.map((entry) => entry.text));
      outcome = timings;
      batch.forEach((entry, at) => {
        this.#leave(entry);
        entry.resolve(vectors[at] as Float32Array);
      });
    } catch (error) {
      outcome = error as Error;
      for (const entry of batch) {
        this.#leave(entry);
        entry.reject(outcome);
      }
    }
    const rate = (batch.length * 1000) / Math.max(1, performance.now() - taken_ms);
    this.#textsPerSecond += (rate - this.#textsPerSecond) * (this.#textsPerSecond === 0 ? 1 : RATE_WEIGHT);
    this.#options.onBatch?.({ ...report, outcome });
  }

  /** The entries' vectors for one caller, who goes when the signal fires; texts that nobody waits for then go at once. */
  #waitUntil(signal: AbortSignal, entries: readonly Entry[]): Promise<Float32Array>[] {
    const gone = Promise.withResolvers<never>();
    gone.promise.catch(() => {});
    const leave = () => {
      for (const entry of entries) entry.waiters -= 1;
      gone.reject(new CosimoError('cancelled'));
      this.#dropAbandoned();
    };
    signal.addEventListener('abort', leave, { once: true });
    void Promise.allSettled(entries.map((entry) => entry.vector)).then(() =>
      signal.removeEventListener('abort', leave),
    );
    return entries.map((entry) => Promise.race([entry.vector, gone.promise]));
  }

  #dropAbandoned(): void {
    const abandoned = this.#waiting.filter((entry) => entry.waiters === 0);
    if (abandoned.length === 0) return;
    this.#waiting = this.#waiting.filter((entry) => entry.waiters > 0);
    for (const entry of abandoned) {
      this.#leave(entry);
      entry.reject(new CosimoError('cancelled'));
    }
  }
}
