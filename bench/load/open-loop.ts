/**
 * Calls that arrive at a fixed rate whether or not earlier ones are answered, as a Poisson process: what queues up is
 * seen. A call's latency counts from when it was due, so a client that is late hides nothing.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom } from '../data/random.ts';
import type { Round } from '../protocol.ts';
import { Client, latencies, newHistogram, recordLatency } from './client.ts';
import type { OperationSource } from './operations.ts';

export interface OpenLoopOptions {
  readonly rate_per_s: number;
  readonly duration_s: number;
  readonly seed: number;
}

/** Open at once; more wait in the client, and their wait counts. */
const CONNECTIONS = 256;
/** How long the last calls may take after the last arrival. */
const DRAIN_MS = 10_000;

/**
 * @returns 99th percentile of the latency in ms; further percentiles; `refused` calls (any status but 200) and those
 *   `unanswered` when the drain was over, both with the latency that they had by then
 */
export async function openLoop(origin: string, source: OperationSource, options: OpenLoopOptions): Promise<Round> {
  const { rate_per_s, duration_s, seed } = options;
  const random = seededRandom(seed);
  const client = new Client(origin, CONNECTIONS);
  const histogram = newHistogram();
  const drained = new AbortController();
  const counts = { refused: 0, unanswered: 0 };
  const calls: Promise<void>[] = [];
  let failure: unknown;

  async function call(due_ms: number): Promise<void> {
    const { call } = source.next();
    try {
      if ((await client.call(call, drained.signal)) !== 200) counts.refused += 1;
    } catch (error) {
      if (!drained.signal.aborted) failure ??= error;
      counts.unanswered += 1;
    }
    recordLatency(histogram, performance.now() - due_ms);
  }

  try {
    const began_ms = performance.now();
    let due_ms = began_ms;
    for (;;) {
      due_ms += (random.exponential() / rate_per_s) * 1000;
      if (due_ms > began_ms + duration_s * 1000) break;
      const early_ms = due_ms - performance.now();
      if (early_ms > 0) await sleep(early_ms);
      calls.push(call(due_ms));
    }
    const timer = setTimeout(() => drained.abort(), DRAIN_MS);
    await Promise.all(calls);
    clearTimeout(timer);
    if (failure !== undefined) throw failure;
    const percentiles = latencies(histogram);
    return {
      value: percentiles['latency_p99_ms'] as number,
      extra: { ...percentiles, ...counts, calls: calls.length },
    };
  } finally {
    await client.close();
  }
}
