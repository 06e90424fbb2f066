/** HTTP clients that keep connections open, and the histogram of what they wait. */
import { build, type Histogram } from 'hdr-histogram-js';
import { Pool } from 'undici';
import type { Call } from './operations.ts';

const HEADERS = { 'content-type': 'application/json' };
const HIGHEST_US = 600_000_000;
const PERCENTILES = { p50: 50, p90: 90, p99: 99, p999: 99.9 };
/** With fewer calls above it a percentile is chance. */
const CALLS_ABOVE_MIN = 3;

export class Client {
  readonly #pool: Pool;

  /** @param connections open at once; a call past them waits for a free one */
  constructor(origin: string, connections: number) {
    this.#pool = new Pool(origin, { connections, pipelining: 1, headersTimeout: 0, bodyTimeout: 0 });
  }

  /** @returns the status, once the whole answer is here */
  async call({ method, path, body }: Call, signal?: AbortSignal): Promise<number> {
    const request = body === undefined ? { method, path } : { method, path, body, headers: HEADERS };
    const answer = await this.#pool.request(signal === undefined ? request : { ...request, signal });
    for await (const _ of answer.body); // read and dropped
    return answer.statusCode;
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
  }
}

export function newHistogram(): Histogram {
  return build({ lowestDiscernibleValue: 1, highestTrackableValue: HIGHEST_US, numberOfSignificantValueDigits: 3 });
}

/** In whole microseconds: answers out of the cache take some hundred. */
export function recordLatency(histogram: Histogram, elapsed_ms: number): void {
  histogram.recordValue(Math.min(HIGHEST_US, Math.max(1, Math.round(elapsed_ms * 1000))));
}

/** `latency_p50_ms` … `latency_p999_ms`, as far as there are calls enough, and `latency_max_ms`. */
export function latencies(histogram: Histogram): Record<string, number> {
  const entries = Object.entries(PERCENTILES)
    .filter(([, percentile]) => histogram.totalCount * (1 - percentile / 100) >= CALLS_ABOVE_MIN)
    .map(([name, percentile]) => [`latency_${name}_ms`, histogram.getValueAtPercentile(percentile) / 1000]);
  return { ...Object.fromEntries(entries), latency_max_ms: histogram.maxValue / 1000 };
}
