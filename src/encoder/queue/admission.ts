/** Bounds how much may wait to be encoded, and estimates when a refused call should come again. */
import { CosimoError } from '../../errors.ts';

export interface Size {
  readonly tokens: number;
  readonly bytes: number;
}

export interface AdmissionLimits {
  /** Most tokens and UTF-8 bytes that may wait or be encoded. */
  readonly tokensMax: number;
  readonly bytesMax: number;
  /** Batches that are encoded at the same time. */
  readonly encoders: number;
}

/** Weight of the newest batch in the observed rate. */
const RATE_WEIGHT = 0.2;

export class Admission {
  readonly #limits: AdmissionLimits;
  #tokens = 0;
  #bytes = 0;
  /** Observed speed of one encoder; 0 before the first batch. */
  #tokensPerSecond = 0;

  constructor(limits: AdmissionLimits) {
    this.#limits = limits;
  }

  get tokens(): number {
    return this.#tokens;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Estimated seconds until everything that waits now is done, at least 1. */
  get estimatedWait_s(): number {
    return this.#secondsFor(this.#tokens);
  }

  /**
   * An empty queue takes any call; otherwise a large one would be refused for ever.
   * @throws CosimoError `queue_full` with the seconds until there should be room
   */
  requireRoom({ tokens, bytes }: Size): void {
    const { tokensMax, bytesMax } = this.#limits;
    const fits = this.#tokens + tokens <= tokensMax && this.#bytes + bytes <= bytesMax;
    if (fits || this.#tokens === 0) return;
    const excess = Math.max(this.#tokens + tokens - tokensMax, (this.#bytes + bytes - bytesMax) * this.#tokensPerByte);
    throw new CosimoError('queue_full', undefined, {
      retryAfter_s: this.#secondsFor(Math.min(excess, this.#tokens)),
    });
  }

  add({ tokens, bytes }: Size): void {
    this.#tokens += tokens;
    this.#bytes += bytes;
  }

  /** The tokens of an admitted text are known now and replace their estimate. */
  correct(estimated: number, tokens: number): void {
    this.#tokens += tokens - estimated;
  }

  release({ tokens, bytes }: Size): void {
    this.#tokens -= tokens;
    this.#bytes -= bytes;
  }

  /** A batch has been encoded. */
  observe(tokens: number, elapsed_ms: number): void {
    const rate = (tokens * 1000) / Math.max(1, elapsed_ms);
    this.#tokensPerSecond += (rate - this.#tokensPerSecond) * (this.#tokensPerSecond === 0 ? 1 : RATE_WEIGHT);
  }

  get #tokensPerByte(): number {
    return this.#bytes === 0 ? 0 : this.#tokens / this.#bytes;
  }

  #secondsFor(tokens: number): number {
    const rate = this.#tokensPerSecond * this.#limits.encoders;
    return Math.max(1, Math.ceil(tokens / (rate || Number.POSITIVE_INFINITY)));
  }
}
