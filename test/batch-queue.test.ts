/** The queue in front of the encoder: what waits goes together, equal texts wait as one, nothing past the limits gets in. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BatchQueue, type BatchReport } from '../src/encoder/batch-queue.ts';
import type { EncodedTexts } from '../src/encoder/encoder-thread.ts';

const TIMINGS = { tokenize_ms: 0, inference_ms: 0, tokens: 0, padding_tokens: 0 };

/** A queue whose encoder waits until the test lets a batch end. */
function heldQueue(limits: { textsMax?: number; bytesMax?: number } = {}) {
  const batches: (readonly string[])[] = [];
  const reports: BatchReport[] = [];
  let settle: { resolve: (encoded: EncodedTexts) => void; reject: (error: Error) => void } | undefined;
  const queue = new BatchQueue({
    textsMax: limits.textsMax ?? 1000,
    bytesMax: limits.bytesMax ?? 1_000_000,
    encode: (texts) => {
      batches.push(texts);
      return new Promise((resolve, reject) => {
        settle = { resolve, reject };
      });
    },
    onBatch: (report) => reports.push(report),
  });
  const turn = () => new Promise(setImmediate);
  return {
    queue,
    batches,
    reports,
    turn,
    async finish() {
      const texts = batches.at(-1) as readonly string[];
      settle?.resolve({ vectors: texts.map((text) => Float32Array.of(text.length)), timings: TIMINGS });
      await turn();
    },
    async fail(error: Error) {
      settle?.reject(error);
      await turn();
    },
  };
}

const one = (queue: BatchQueue, text: string, signal?: AbortSignal) =>
  queue.enqueue([text], signal)[0] as Promise<Float32Array>;

test('a free encoder takes what waits, all that came meanwhile together', async () => {
  const { queue, batches, finish, turn } = heldQueue();
  const first = one(queue, 'a');
  await turn();
  const others = ['bb', 'ccc'].map((text) => one(queue, text));
  await turn();
  assert.deepEqual(batches, [['a']]);
  await finish();
  assert.deepEqual(batches, [['a'], ['bb', 'ccc']]);
  await finish();
  assert.deepEqual(
    (await Promise.all([first, ...others])).map(([length]) => length),
    [1, 2, 3],
  );
  assert.deepEqual([queue.texts, queue.bytes], [0, 0]);
});

test('what arrives in one turn of the event loop goes in one batch', async () => {
  const { queue, batches, turn } = heldQueue();
  one(queue, 'a');
  one(queue, 'b');
  queue.enqueue(['c', 'd']);
  await turn();
  assert.deepEqual(batches, [['a', 'b', 'c', 'd']]);
});

test('equal texts are encoded once, also when the earlier is being encoded', async () => {
  const { queue, batches, finish, turn } = heldQueue();
  const same = [one(queue, 'a'), one(queue, 'a')];
  await turn();
  same.push(one(queue, 'a'));
  assert.equal(queue.texts, 1);
  await finish();
  assert.equal(batches.length, 1);
  assert.equal(new Set(await Promise.all(same)).size, 1);
});

test('batches are bounded in texts and bytes; a text past the bound goes alone', async () => {
  const { queue, batches, finish, turn } = heldQueue();
  queue.enqueue(Array.from({ length: 100 }, (_, at) => `t${at}`));
  await turn();
  await finish();
  assert.deepEqual(
    batches.map((batch) => batch.length),
    [64, 36],
  );
  await finish();
  queue.enqueue(['x'.repeat(70_000), 'y'.repeat(70_000)]);
  await turn();
  await finish();
  assert.deepEqual(
    batches.slice(2).map((batch) => batch.length),
    [1, 1],
  );
});

test('past the limits a call is refused whole, and nothing of it stays', async () => {
  const { queue, finish, turn } = heldQueue({ textsMax: 3, bytesMax: 100 });
  queue.enqueue(['a', 'b']);
  await turn();
  assert.throws(() => queue.enqueue(['c', 'd']), { code: 'queue_full' });
  assert.throws(() => queue.enqueue(['é'.repeat(50)]), { code: 'queue_full' }, 'bytes, not characters');
  assert.deepEqual([queue.texts, queue.bytes], [2, 2]);
  queue.enqueue(['a', 'c']); // one of them waits already
  assert.equal(queue.texts, 3);
  await finish();
  await finish();
  assert.equal(queue.texts, 0);
  assert.equal(queue.enqueue(['d', 'e', 'f']).length, 3);
});

test('a text that nobody waits for is dropped; one that somebody waits for is not', async () => {
  const { queue, batches, finish, turn } = heldQueue();
  one(queue, 'running');
  await turn();
  const leaving = new AbortController();
  const gone = one(queue, 'abandoned', leaving.signal);
  const shared = one(queue, 'shared', leaving.signal);
  const stays = one(queue, 'shared');
  leaving.abort();
  await assert.rejects(gone, { code: 'cancelled' });
  await assert.rejects(shared, { code: 'cancelled' });
  assert.deepEqual([queue.texts, queue.bytes], [2, 'running'.length + 'shared'.length], 'its room is free at once');
  await finish();
  assert.deepEqual(batches[1], ['shared']);
  await finish();
  assert.deepEqual([...(await stays)], [6]);
  assert.deepEqual([queue.texts, queue.bytes], [0, 0]);
  assert.throws(() => queue.enqueue(['late'], leaving.signal), { code: 'cancelled' });
});

test('a failed batch fails its texts and no others', async () => {
  const { queue, reports, finish, fail, turn } = heldQueue();
  const doomed = [one(queue, 'a'), one(queue, 'a'), one(queue, 'b')];
  await turn();
  const later = one(queue, 'c');
  await fail(new Error('out of luck'));
  for (const vector of doomed) await assert.rejects(vector, { message: 'out of luck' });
  await finish();
  assert.deepEqual([...(await later)], [1]);
  assert.ok(reports[0]?.outcome instanceof Error);
  assert.deepEqual(
    reports.map(({ texts }) => texts),
    [2, 1],
  );
});

test('drain_s tells from the observed rate how long the queue is', async () => {
  const { queue, finish, turn } = heldQueue();
  assert.equal(queue.drain_s, 1);
  queue.enqueue(['a', 'b']);
  await turn();
  await new Promise((resolve) => setTimeout(resolve, 100));
  await finish();
  queue.enqueue(Array.from({ length: 200 }, (_, at) => String(at)));
  // 2 texts took a tenth of a second, or somewhat more on a busy machine: 200 take about 10 seconds.
  assert.ok(queue.drain_s >= 10 && queue.drain_s < 100, String(queue.drain_s));
});

test('closing refuses what waits and what is new, and lets the running batch end', async () => {
  const { queue, finish, turn } = heldQueue();
  const running = one(queue, 'running');
  await turn();
  const waiting = one(queue, 'waiting');
  const closed = queue.close();
  await assert.rejects(waiting, { code: 'closed' });
  assert.throws(() => queue.enqueue(['new']), { code: 'closed' });
  await finish();
  await closed;
  assert.deepEqual([...(await running)], [7]);
  assert.equal(queue.texts, 0);
});
