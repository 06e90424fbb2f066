/** `fetch` with timeouts, and which failures are worth another attempt. */
import type { TransferTimeouts } from './transfer-options.ts';

/** An answer that another attempt would not change. */
export class PermanentFailure extends Error {}

/**
 * One request. It gives up when the server doesn't answer in time or stops in the middle, and when `signal` aborts.
 * A redirect to another origin is followed without Authorization, as the Fetch standard has it.
 */
export class FetchWithTimeouts {
  readonly #timeouts: TransferTimeouts;
  readonly #controller = new AbortController();
  readonly #signal: AbortSignal;
  #timer: NodeJS.Timeout | undefined;

  constructor(timeouts: TransferTimeouts, signal: AbortSignal | undefined) {
    this.#timeouts = timeouts;
    this.#signal = AbortSignal.any([this.#controller.signal, ...(signal === undefined ? [] : [signal])]);
  }

  async fetch(url: string, options: Omit<RequestInit, 'signal'>): Promise<Response> {
    this.#wait(this.#timeouts.connect_ms, 'no answer');
    const response = await fetch(url, { ...options, signal: this.#signal });
    this.sawBytes();
    return response;
  }

  sawBytes(): void {
    this.#wait(this.#timeouts.stall_ms, 'no more bytes came');
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#controller.abort();
  }

  #wait(limit_ms: number, what: string): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#controller.abort(new Error(`${what} within ${limit_ms / 1000} s`)), limit_ms);
  }
}

/** A refusal is final; 5xx and 429 are worth another attempt. */
export function answerError(response: Response): Error {
  const words = `the server answered ${response.status} ${response.statusText}`.trim();
  return response.status < 500 && response.status !== 429 ? new PermanentFailure(words) : new Error(words);
}

/** An error in a few words. Node's `fetch failed` has them in its cause. */
export function reasonOf(error: unknown): string {
  const { message, cause } = error as { message?: string; cause?: { message?: string; code?: string } };
  return (message === 'fetch failed' ? cause?.message || cause?.code : undefined) ?? message ?? String(error);
}
