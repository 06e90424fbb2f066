/** A closed loop: each connection has one client, which asks again as soon as it is answered. */
import type { Round } from '../trial/protocol.ts';
import { Client } from './client.ts';
import { latencies, newHistogram, recordLatency } from './latencies.ts';
import type { OperationSource } from './operations.ts';

/**
 * @returns answers a second; latencies of the timed calls in ms as further figures
 * @throws Error when any call isn't answered 200: a refusal is quick, and would count as speed
 */
export async function closedLoop(
  origin: string,
  source: OperationSource,
  connections: number,
  duration_s: number,
): Promise<Round> {
  const client = new Client(origin, connections);
  const histogram = newHistogram();
  const began_ms = performance.now();
  const end_ms = began_ms + duration_s * 1000;
  let answers = 0;
  async function loop(): Promise<void> {
    while (performance.now() < end_ms) {
      const { before, call } = source.next();
      if (before !== undefined) expectOk(await client.call(before), before.path);
      const asked_ms = performance.now();
      expectOk(await client.call(call), call.path);
      recordLatency(histogram, performance.now() - asked_ms);
      answers += 1;
    }
  }
  try {
    await Promise.all(Array.from({ length: connections }, loop));
    const elapsed_s = (performance.now() - began_ms) / 1000;
    return { value: answers / elapsed_s, extra: latencies(histogram) };
  } finally {
    await client.close();
  }
}

export function expectOk(status: number, path: string): void {
  if (status !== 200) throw new Error(`${path} was answered ${status}`);
}
