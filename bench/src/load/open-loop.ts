/**
 * Operations arrive at a fixed rate as a Poisson process, whether or not earlier ones are answered, so queues show. Latency
 * starts when an operation is due, so a late client hides nothing.
 */
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { seededRandom } from '../data/random.ts';
import type { Round } from '../trial/protocol.ts';
import { Client } from './client.ts';
import { latencies, newHistogram, recordLatency } from './latencies.ts';
import type { OperationSource } from './operations.ts';

export interface OpenLoopOptions {
  readonly rate_per_s: number;
  readonly duration_s: number;
  readonly seed: number;
}

/** Connections open at once; further calls wait in the client, and their wait counts. */
const CONNECTIONS = 256;
/** How long the last operations may take after the last arrival. */
const DRAIN_MS = 10_000;
/** A timer may fire this much too early or too late. */
const TIMER_ERROR_MS = 2;

/**
 * @returns 90th percentile of the latency in ms; other percentiles, `calls`, and how many of them were `refused` (any
 *   status but 200) or `unanswered` at the end of the drain (counted with the latency reached at the end)
 */
export async function openLoop(origin: string, source: OperationSource, options: OpenLoopOptions): Promise<Round> {
  const { rate_per_s, duration_s, seed } = options;
  const random = seededRandom(seed);
  const client = new Client(origin, CONNECTIONS);
  const histogram = newHistogram();
  const drained = new AbortController();
  const counts = { refused: 0, unanswered: 0 };
  const running: Promise<void>[] = [];
  let failure: unknown;

  async function run(due_ms: number, drained_ms: number): Promise<void> {
    const { before, call } = source.next();
    try {
      for (const each of before === undefined ? [call] : [before, call]) {
        if ((await client.call(each, drained.signal)) !== 200) {
          counts.refused += 1;
          return recordLatency(histogram, drained_ms - due_ms);
        }
      }
      recordLatency(histogram, performance.now() - due_ms);
    } catch (error) {
      if (!drained.signal.aborted) failure ??= error;
      counts.unanswered += 1;
      recordLatency(histogram, drained_ms - due_ms);
    }
  }

  try {
    const began_ms = performance.now();
    const drained_ms = began_ms + duration_s * 1000 + DRAIN_MS;
    let due_ms = began_ms;
    do {
      await until(due_ms);
      running.push(run(due_ms, drained_ms));
      due_ms += (random.exponential() / rate_per_s) * 1000;
    } while (due_ms < began_ms + duration_s * 1000);
    const timer = setTimeout(() => drained.abort(), drained_ms - performance.now());
    await Promise.all(running);
    clearTimeout(timer);
    if (failure !== undefined) throw failure;
    const extra = { ...latencies(histogram), ...counts, calls: running.length };
    return { value: histogram.getValueAtPercentile(90) / 1000, extra };
  } finally {
    await client.close();
  }
}

/** Never resolves early: an early call would have a negative latency. */
async function until(due_ms: number): Promise<void> {
  const early_ms = due_ms - performance.now() - TIMER_ERROR_MS;
  if (early_ms > 0) await sleep(early_ms);
  while (performance.now() < due_ms) await nextTurn();
}
