/** How texts are split into inferences: with the least possible total cost. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { test } from 'vitest';
import { countThatFit, planBatches } from '../../../src/encoder/queue/plan-batches.ts';
import { heldQueue, textOf } from '../../support/held-queue.ts';

const costOf = (lengths: readonly number[], plan: readonly (readonly number[])[], overhead: number) =>
  plan.reduce((sum, part) => sum + part.length * Math.max(...part.map((at) => lengths[at] as number)) + overhead, 0);

/** @returns every way to put positions into groups */
function* partitions(count: number): Generator<number[][]> {
  if (count === 0) return yield [];
  for (const partition of partitions(count - 1)) {
    yield [...partition, [count - 1]];
    for (const at of partition.keys()) yield partition.map((part, i) => (i === at ? [...part, count - 1] : part));
  }
}

test('no other split costs less, padding and inferences counted', () => {
  const lengths = fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 7 });
  fc.assert(
    fc.property(
      lengths,
      fc.integer({ min: 1, max: 120 }),
      fc.integer({ min: 0, max: 30 }),
      (texts, tokens, overhead) => {
        const plan = planBatches(texts, tokens, overhead);
        assert.deepEqual(
          plan.flat().toSorted((a, b) => a - b),
          [...texts.keys()],
          'each text once',
        );
        const fits = (part: readonly number[]) =>
          part.length === 1 || part.length * Math.max(...part.map((at) => texts[at] as number)) <= tokens;
        assert.ok(plan.every(fits));
        let least = Number.POSITIVE_INFINITY;
        for (const other of partitions(texts.length)) {
          if (other.every(fits)) least = Math.min(least, costOf(texts, other, overhead));
        }
        assert.equal(costOf(texts, plan, overhead), least);
      },
    ),
    { seed: 11, numRuns: 150 },
  );
});

test('padding stays small beside the real tokens of a hundred texts of 5 to 250', () => {
  const lengths = Array.from({ length: 100 }, (_, at) => 5 + ((at * 97) % 246));
  const real = lengths.reduce((sum, length) => sum + length, 0);
  for (const overhead of [0, 16]) {
    const padded = costOf(lengths, planBatches(lengths, 1024, overhead), 0);
    assert.ok(padded / real < 1.15, `${padded / real}`);
  }
});

test('without padding as many go as fit, in their order, and one at least', () => {
  assert.equal(countThatFit([4, 3, 3, 1], 10), 3);
  assert.equal(countThatFit([4, 3, 3, 1], 9), 2);
  assert.equal(countThatFit([4, 3, 3, 1], 11), 4);
  assert.equal(countThatFit([40, 1], 10), 1);
});

test('the queue of an encoder that does not pad: texts in their turn, whatever their lengths, and no padding in the report', async () => {
  const { queue, batches, reports, finishAll } = heldQueue({ pads: false, batchTokens: 70 });
  queue.enqueue([30, 5, 29, 6, 30, 5].map((tokens, at) => textOf(tokens, `${at} `)));
  await finishAll();
  assert.deepEqual(batches, [
    [30, 5, 29, 6],
    [30, 5],
  ]);
  assert.deepEqual(
    reports.map(({ tokens, paddingTokens }) => [tokens, paddingTokens]),
    [
      [70, 0],
      [35, 0],
    ],
  );
});
