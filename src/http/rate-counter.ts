/** Counts the requests of each address in windows of one minute; a window begins with its first request. */

/** RATE_LIMIT counts requests per minute. */
export const RATE_WINDOW_MS = 60_000;

export interface RateCount {
  /** Requests of the address in its window so far. */
  readonly current: number;
  /** Time until the window ends. */
  readonly ttl_ms: number;
}

interface Window {
  requests: number;
  readonly ends_ms: number;
}

export class RateCounter {
  readonly #addressesMax: number;
  /** Windows by address, in the order of their ends. */
  readonly #windows = new Map<string, Window>();

  /** @param addressesMax above this number the addresses whose windows end first are forgotten */
  constructor(addressesMax = 5000) {
    this.#addressesMax = addressesMax;
  }

  /** Counts one request. */
  countRequest(address: string, now_ms = performance.now()): RateCount {
    let window = this.#windows.get(address);
    if (window === undefined || window.ends_ms <= now_ms) {
      this.#windows.delete(address);
      window = { requests: 0, ends_ms: now_ms + RATE_WINDOW_MS };
      this.#windows.set(address, window);
      this.#forget(now_ms);
    }
    window.requests += 1;
    return { current: window.requests, ttl_ms: Math.ceil(window.ends_ms - now_ms) };
  }

  #forget(now_ms: number): void {
    for (const [address, { ends_ms }] of this.#windows) {
      if (ends_ms > now_ms && this.#windows.size <= this.#addressesMax) return;
      this.#windows.delete(address);
    }
  }
}
