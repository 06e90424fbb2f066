/** A batch without clients is stopped. That is no failure, and a client that asks for its texts meanwhile gets them. */
import assert from 'node:assert/strict';
import { test } from 'vitest';
import { CosimoError } from '../../../src/errors.ts';
import { heldQueue, one } from '../../support/held-queue.ts';

const CANCELLED = new CosimoError('cancelled');
const isCancelled = (text: Promise<unknown>) => assert.rejects(text, { code: 'cancelled' });
const aborted = (signals: readonly AbortSignal[]) => signals.map((signal) => signal.aborted);

test('a running batch is stopped once the last of its callers has gone', async () => {
  const { queue, batches, signals, failures, fail, finish, turn } = heldQueue({ pads: false });
  const [first, second] = [new AbortController(), new AbortController()];
  const gone = [one(queue, 'a', first.signal), one(queue, 'bb', second.signal)].map(isCancelled);
  await turn();
  first.abort();
  assert.deepEqual([batches, aborted(signals)], [[[1, 2]], [false]], 'somebody wants the other text');
  second.abort();
  assert.deepEqual(aborted(signals), [true]);
  await Promise.all(gone);
  const next = one(queue, 'ccc');
  await turn();
  await fail(CANCELLED);
  assert.deepEqual(
    [batches, aborted(signals)],
    [
      [[1, 2], [3]],
      [true, false],
    ],
    'its place is free, nothing is tried again',
  );
  await finish();
  assert.equal((await next).tokens, 3);
  assert.deepEqual([failures, queue.texts, queue.tokens, queue.bytes], [[], 0, 0, 0]);
});

test('who wants a text of a batch that is being stopped gets it from another one', async () => {
  const { queue, batches, failures, fail, finish, turn } = heldQueue({ pads: false });
  const leaving = new AbortController();
  const gone = queue.enqueue(['a', 'bb', 'ccc'], leaving.signal).map(isCancelled);
  await turn();
  leaving.abort();
  const late = one(queue, 'bb');
  await fail(CANCELLED);
  assert.deepEqual(batches, [[1, 2, 3], [2]]);
  await finish();
  assert.equal((await late).vector[0], 'b'.codePointAt(0));
  await Promise.all(gone);
  assert.deepEqual([failures, queue.texts, queue.tokens], [[], 0, 0]);
});

test('an encoder that cannot stop may end its batch as ever', async () => {
  const { queue, failures, finish, turn } = heldQueue({ pads: false });
  const leaving = new AbortController();
  const gone = isCancelled(one(queue, 'a', leaving.signal));
  await turn();
  leaving.abort();
  const late = one(queue, 'a');
  await finish();
  await gone;
  assert.equal((await late).vector[0], 'a'.codePointAt(0));
  assert.deepEqual([failures, queue.texts], [[], 0]);
});
