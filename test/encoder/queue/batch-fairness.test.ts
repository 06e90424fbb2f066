/** The order of texts: calls share the encoder evenly, independent of their numbers of texts. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, test } from 'vitest';
import { FairOrder } from '../../../src/encoder/queue/fair-order.ts';
import { ReadyTexts } from '../../../src/encoder/queue/ready-texts.ts';
import { WaitingText } from '../../../src/encoder/queue/waiting-text.ts';
import { type HeldQueue, heldQueue, one, textOf } from '../../support/held-queue.ts';

const callOf = (name: string, count: number, tokens: number) =>
  Array.from({ length: count }, (_, at) => textOf(tokens, `${name}${at} `));

test('a single text goes ahead of most of a large call that came before', async () => {
  const { queue, batches, finish, turn } = heldQueue({ batchTokens: 100 });
  queue.enqueue(callOf('large', 100, 20));
  await turn();
  await finish();
  let isDone = false;
  void one(queue, textOf(25, 'single')).then(() => {
    isDone = true;
  });
  await turn();
  for (let ends = 0; !isDone; ends += 1) {
    assert.ok(ends < 4, `encoded after ${ends} more batches of the large call's twenty`);
    await finish();
  }
  assert.ok(batches.flat().filter((tokens) => tokens === 20).length < 30);
});

test('large calls without end do not starve single texts, nor single texts a large call', async () => {
  const { queue, finish, turn } = heldQueue({ batchTokens: 100, tokensMax: 1 << 30, bytesMax: 1 << 30 });
  let largeDone = 0;
  let singlesDone = 0;
  let calls = 0;
  const large = () => {
    calls += 1;
    void Promise.all(queue.enqueue(callOf(`large ${calls} `, 100, 20))).then(() => {
      largeDone += 1;
      large();
    });
  };
  const single = () => {
    calls += 1;
    void one(queue, textOf(20, `single ${calls} `)).then(() => {
      singlesDone += 1;
      single();
    });
  };
  for (let at = 0; at < 4; at += 1) large();
  for (let at = 0; at < 4; at += 1) single();
  await turn();
  for (let batch = 0; batch < 400; batch += 1) await finish();
  // 2,000 texts were encoded. Shared evenly among eight callers, each got 250 texts of 20 tokens.
  assert.ok(largeDone >= 6 && largeDone <= 12, `${largeDone} large calls`);
  assert.ok(singlesDone >= 600 && singlesDone <= 1400, `${singlesDone} single texts`);
});

test('a short text overtakes long ones at the tokenizer', async () => {
  const long = 'x'.repeat(100_000);
  const { promise: held, resolve: release } = Promise.withResolvers<void>();
  const started: number[] = [];
  const { queue, finishAll, turn } = heldQueue({
    async tokenize(texts) {
      started.push(...texts.map(({ length }) => length));
      if (texts.some(({ length }) => length > 1000)) await held;
      return texts.map(() => ({ ids: new Int32Array(3), truncated: false }));
    },
  });
  const longDone = Promise.all(queue.enqueue([`1${long}`, `2${long}`]));
  await turn();
  const shortDone = one(queue, 'short');
  await turn();
  assert.deepEqual(started, [100_001, 5], 'one long text at a time, and the short one beside it');
  await finishAll();
  await shortDone;
  release();
  await turn();
  await finishAll();
  await turn();
  await finishAll();
  await longDone;
});

/** Texts that have ended, in any way, must not count as waiting. */
const before: Readonly<Record<string, (held: HeldQueue) => Promise<void>>> = {
  'in a new queue': async () => {},
  'after a hundred calls that were encoded': async ({ queue, finishAll }) => {
    for (let at = 0; at < 100; at += 1) queue.enqueue([textOf(20, `done ${at} `)]);
    await finishAll();
  },
  'after a hundred calls whose clients went': async ({ queue, finishAll }) => {
    const leaving = new AbortController();
    for (let at = 0; at < 100; at += 1) one(queue, textOf(20, `gone ${at} `), leaving.signal).catch(() => {});
    leaving.abort();
    await finishAll();
  },
};

for (const [name, happens] of Object.entries(before)) {
  test(`${name}, one text a batch: a large call and single texts without end take turns`, async () => {
    const held = heldQueue({ batchTokens: 20, overheadTokens: 0 });
    const { queue, finish, turn } = held;
    await happens(held);
    let largeEnd: number | undefined;
    let batch = 0;
    let calls = 0;
    void Promise.all(queue.enqueue(callOf('large', 50, 20))).then(() => {
      largeEnd = batch;
    });
    const single = () => {
      calls += 1;
      void one(queue, textOf(20, `single ${calls} `)).then(single);
    };
    // With three, one of them waits whenever the encoder is free.
    for (let at = 0; at < 3; at += 1) single();
    await turn();
    for (batch = 1; batch <= 260; batch += 1) await finish();
    assert.ok(largeEnd !== undefined && largeEnd >= 100, `it ended after ${largeEnd} batches`);
  });
}

test('virtual time goes on by the tokens that each waiting call has got', () => {
  const order = new FairOrder();
  const [first, second] = [order.newShare(), order.newShare()];
  for (const share of [first, first, second]) order.add(share);
  order.served(100);
  assert.equal(order.newShare().next, 50, 'two calls wait');
  order.remove(second);
  order.remove(first);
  order.served(100);
  assert.equal(order.newShare().next, 150, 'one of them still has a text');
  order.remove(first);
  order.served(100);
  assert.equal(order.newShare().next, 250, 'none waits');
});

test('two large calls end at the same time, not one after the other', async () => {
  const { queue, batches, finishAll, turn } = heldQueue({ batchTokens: 100 });
  let firstEnd = 0;
  void Promise.all(queue.enqueue(callOf('first', 50, 20))).then(() => {
    firstEnd = batches.length;
  });
  await turn();
  let secondEnd = 0;
  void Promise.all(queue.enqueue(callOf('second', 50, 20))).then(() => {
    secondEnd = batches.length;
  });
  await finishAll();
  assert.ok(secondEnd - firstEnd <= 4, `batches ${firstEnd} and ${secondEnd}`);
});

test('a text that another call wants sooner comes sooner', async () => {
  const { queue, batches, finish, turn } = heldQueue({ batchTokens: 20, overheadTokens: 0 });
  const large = callOf('large', 50, 20);
  queue.enqueue(large);
  await turn();
  let isDone = false;
  void one(queue, large.at(-1) as string).then(() => {
    isDone = true;
  });
  for (let at = 0; at < 4; at += 1) await finish();
  assert.ok(isDone, `among ${batches.length} batches of fifty`);
});

describe('how often a text is passed over', () => {
  const text = (tokens: number, due: number) =>
    new WaitingText(`${tokens} ${due}`, 'encode', { tokens, bytes: tokens }, { share: { next: 0, waiting: 0 }, due });

  test('the text whose turn it is goes at once, and each other after no more batches than texts before it', () => {
    const waiting = fc.array(fc.tuple(fc.integer({ min: 3, max: 256 }), fc.integer({ min: 0, max: 1000 })), {
      minLength: 1,
      maxLength: 60,
    });
    fc.assert(
      fc.property(
        waiting,
        fc.integer({ min: 64, max: 2048 }),
        fc.integer({ min: 0, max: 50 }),
        (items, tokens, over) => {
          const ready = new ReadyTexts({ batchTokens: tokens, overheadTokens: over, pads: true });
          const texts = items.map(([length, due]) => text(length, due));
          ready.add(texts);
          let left = texts.toSorted((a, b) => a.due - b.due);
          for (let batch = ready.take(); batch.length > 0; batch = ready.take()) {
            assert.ok(batch.some(({ due }) => due === left[0]?.due));
            const longest = Math.max(...batch.map((taken) => taken.tokens));
            assert.ok(batch.length === 1 || batch.length * longest <= tokens);
            left = left.filter((other) => !batch.includes(other));
          }
          assert.equal(left.length, 0);
        },
      ),
      { seed: 7, numRuns: 200 },
    );
  });
});
