/** A batch that fails is tried again in parts, and only the texts that cause the failure fail. */
import assert from 'node:assert/strict';
import { test } from 'vitest';
import { CosimoError } from '../../../src/errors.ts';
import { heldQueue, one } from '../../support/held-queue.ts';

const NO_MEMORY = new CosimoError('inference_failed', 'out of memory');
const LOST = new CosimoError('encoder_lost', 'the thread ended');

test('a batch that fails is split, and fails no text when its parts work', async () => {
  const { queue, batches, failures, fail, finishAll, turn } = heldQueue();
  const texts = queue.enqueue(['a', 'b', 'c', 'd', 'e']);
  await turn();
  await fail(NO_MEMORY);
  await finishAll();
  assert.deepEqual(batches, [
    [1, 1, 1, 1, 1],
    [1, 1, 1],
    [1, 1],
  ]);
  const first = (await Promise.all(texts)).map(({ vector }) => String.fromCodePoint(vector[0] as number));
  assert.deepEqual([first, failures], [['a', 'b', 'c', 'd', 'e'], []]);
});

test('in the end the text that makes inference fail fails alone', async () => {
  const { queue, failures, turn } = heldQueue({
    encoders: [
      async (batch) => {
        if (batch.some(([first]) => first === 'x'.codePointAt(0))) throw NO_MEMORY;
        return Float32Array.from(batch, ([first]) => first as number);
      },
    ],
  });
  const texts = 'abcdefghijkxlmnopqrst'.split('');
  const outcomes = await Promise.allSettled(queue.enqueue(texts));
  await turn();
  const failed = texts.filter((_, at) => outcomes[at]?.status === 'rejected');
  assert.deepEqual([failed, failures.length, queue.texts, queue.tokens], [['x'], 1, 0, 0]);
});

test('a text alone is tried twice, for each of its callers', async () => {
  const { queue, batches, failures, fail, finish, turn } = heldQueue();
  const doomed = [one(queue, 'a'), one(queue, 'a')];
  await turn();
  const later = one(queue, 'bb');
  await fail(NO_MEMORY);
  await fail(NO_MEMORY);
  for (const text of doomed) await assert.rejects(text, NO_MEMORY);
  assert.deepEqual([batches, failures], [[[1], [1], [2]], [NO_MEMORY]]);
  await finish();
  assert.equal((await later).tokens, 2);
});

test('the batch of an encoder that died is tried once more as it was, then given up', async () => {
  const { queue, batches, failures, fail, finishAll, turn } = heldQueue();
  const saved = queue.enqueue(['a', 'b']);
  await turn();
  await fail(LOST);
  await finishAll();
  assert.deepEqual(batches, [
    [1, 1],
    [1, 1],
  ]);
  assert.equal((await Promise.all(saved)).length, 2);
  const lost = queue.enqueue(['c', 'd']);
  await turn();
  await fail(LOST);
  await fail(LOST);
  for (const text of lost) await assert.rejects(text, LOST);
  assert.deepEqual([failures, queue.texts, queue.tokens], [[LOST, LOST], 0, 0]);
});

test('what is to be tried again is dropped when nobody waits for it any more', async () => {
  const { queue, batches, fail, finishAll, turn } = heldQueue();
  const leaving = new AbortController();
  const gone = queue.enqueue(['a', 'b'], leaving.signal);
  const stays = one(queue, 'c');
  await turn();
  leaving.abort();
  for (const text of gone) await assert.rejects(text, { code: 'cancelled' });
  await fail(LOST);
  await finishAll();
  assert.deepEqual(batches, [[1, 1, 1], [1]]);
  assert.equal((await stays).tokens, 1);
  assert.deepEqual([queue.texts, queue.tokens, queue.bytes], [0, 0, 0]);
});

test('a tokenizer that dies is tried once more too', async () => {
  let calls = 0;
  const { queue, finishAll } = heldQueue({
    tokenize: async (texts) => {
      calls += 1;
      if (calls === 1) throw LOST;
      return texts.map(() => ({ ids: Int32Array.of(1, 2, 3), truncated: false }));
    },
  });
  const text = one(queue, 'a');
  await finishAll();
  assert.deepEqual([(await text).tokens, calls], [3, 2]);
});
