/**
 * Memory stays flat over many texts of all lengths. COSIMO_MEMORY_REQUESTS sets the number of requests (50000: over six minutes).
 */
import assert from 'node:assert/strict';
import { test } from 'vitest';
import { metric } from '../support/metrics.ts';
import { startProcess } from '../support/process.ts';

const REQUESTS = Number(process.env['COSIMO_MEMORY_REQUESTS'] ?? 1000);
const CLIENTS = 16;
const IS_LONG = REQUESTS > 10_000;
const LONGEST_WORDS = IS_LONG ? 250 : 60;
/** The largest resident memory, relative to that after the first quarter. Heaps grow in the first few thousand requests. */
const GROWTH_MAX = IS_LONG ? 1.05 : 1.25;

const resident = async (origin: string) =>
  metric(await (await fetch(`${origin}/metrics`)).text(), 'process_resident_memory_bytes');

let asked = 0;
async function client(origin: string, until: number): Promise<void> {
  while (asked < until) {
    asked += 1;
    // Short texts are common and long ones are rare. All lengths up to the longest occur.
    const words = Math.ceil(LONGEST_WORDS ** (((asked * 7919) % 1000) / 1000));
    const text = `${asked} ${'word '.repeat(words)}`;
    const body = JSON.stringify({ texts: [text], cache: false });
    const answer = await fetch(`${origin}/embed`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    assert.equal(answer.status, 200);
    await answer.arrayBuffer();
  }
}
const ask = (origin: string, until: number) =>
  Promise.all(Array.from({ length: CLIENTS }, () => client(origin, until)));

for (const encoder of ['native', 'onnx']) {
  test(`${encoder}: resident memory is flat over ${REQUESTS} requests of mixed lengths`, async ({ annotate }) => {
    const { child, origin, ready } = await startProcess({ DATA_DIR: ':memory:', ENCODER: encoder });
    await ready();
    asked = 0;
    await ask(origin, REQUESTS / 4);
    const first = await resident(origin);
    await ask(origin, REQUESTS);
    const last = await resident(origin);
    child.kill();
    await annotate(
      `${(first / 2 ** 20).toFixed(0)} MiB after a quarter, ${(last / 2 ** 20).toFixed(0)} MiB at the end`,
    );
    assert.ok(last < GROWTH_MAX * first, `${last} bytes, of ${first} after a quarter`);
  });
}
