/** The queue in front of the encoder: waiting texts share a batch, equal texts wait as one, and texts past the limits are refused. */
import assert from 'node:assert/strict';
import { test } from 'vitest';
import { heldQueue, one, textOf } from '../../support/held-queue.ts';

test('a free encoder takes what waits, all that came meanwhile together', async () => {
  const { queue, batches, finish, turn } = heldQueue();
  const first = one(queue, 'a');
  await turn();
  const others = ['bb', 'cc'].map((text) => one(queue, text));
  await turn();
  assert.deepEqual(batches, [[1]]);
  await finish();
  assert.deepEqual(batches, [[1], [2, 2]]);
  await finish();
  const vectors = (await Promise.all([first, ...others])).map(({ vector }) =>
    String.fromCodePoint(vector[0] as number),
  );
  assert.deepEqual(vectors, ['a', 'b', 'c']);
  assert.deepEqual([queue.texts, queue.tokens, queue.bytes], [0, 0, 0]);
});

test('what arrives in one turn of the event loop goes in one batch', async () => {
  const { queue, batches, turn } = heldQueue();
  one(queue, 'a');
  one(queue, 'b');
  queue.enqueue(['c', 'd']);
  await turn();
  assert.deepEqual(batches, [[1, 1, 1, 1]]);
});

test('equal texts are encoded once, also when the earlier is being tokenized or encoded', async () => {
  const { queue, batches, finish, turn } = heldQueue();
  const same = [one(queue, 'a'), one(queue, 'a')];
  await Promise.resolve(); // now the tokenizer has the text
  same.push(one(queue, 'a'));
  await turn();
  same.push(one(queue, 'a'));
  assert.equal(queue.texts, 1);
  await finish();
  assert.deepEqual(batches, [[1]]);
  assert.equal(new Set(await Promise.all(same)).size, 1);
});

test('a batch is bounded by its tokens, padding included; a text past the bound goes alone', async () => {
  const { queue, batches, finishAll } = heldQueue({ batchTokens: 100 });
  queue.enqueue(Array.from({ length: 12 }, (_, at) => textOf(20 + (at % 2), `t${at} `)));
  await finishAll();
  for (const batch of batches) assert.ok(batch.length * Math.max(...batch) <= 100, String(batch));
  assert.equal(batches.flat().length, 12);
  queue.enqueue([textOf(150, 'a'), textOf(150, 'b')]);
  await finishAll();
  assert.deepEqual(batches.slice(-2), [[150], [150]]);
});

test('texts of like length go together, the one whose turn it is in the first batch', async () => {
  const { queue, batches, finishAll } = heldQueue({ batchTokens: 90, overheadTokens: 10 });
  const lengths = [30, 5, 29, 6, 30, 5];
  queue.enqueue(lengths.map((tokens, at) => textOf(tokens, `${at} `)));
  await finishAll();
  assert.deepEqual(batches, [
    [30, 30, 29],
    [6, 5, 5],
  ]);
});

test('token ids go without the tokenizer, and merge with nothing but the same ids', async () => {
  const tokenized: string[] = [];
  const { queue, batches, finishAll } = heldQueue({
    tokenize: async (texts) => {
      tokenized.push(...texts);
      return texts.map(() => ({ ids: Int32Array.of(1, 2), truncated: true }));
    },
  });
  const ids = Int32Array.of(1, 2);
  const inputs = [...queue.enqueue([ids, '1,2']), ...queue.enqueue([Int32Array.of(1, 2)])];
  await finishAll();
  const encoded = await Promise.all(inputs);
  assert.deepEqual([tokenized, batches], [['1,2'], [[2], [2]]]);
  assert.equal(encoded[0], encoded[2]);
  assert.deepEqual(
    encoded.map(({ truncated }) => truncated),
    [false, true, false],
  );
});

test('counting tokenizes and encodes nothing', async () => {
  const { queue, batches, finishAll } = heldQueue();
  const counted = Promise.all(queue.enqueue(['abc', 'de'], undefined, [3, 2], 'count'));
  const encoded = one(queue, 'abc');
  await finishAll();
  assert.deepEqual(
    (await counted).map(({ tokens, vector }) => [tokens, vector.length]),
    [
      [3, 0],
      [2, 0],
    ],
  );
  assert.equal((await encoded).vector.length, 1, 'the same text is not taken for counted');
  assert.deepEqual([batches, queue.texts, queue.tokens], [[[3]], 0, 0]);
});

test('past the limits a call is refused whole, and nothing of it stays', async () => {
  const { queue, finish, turn } = heldQueue({ tokensMax: 20, bytesMax: 100 });
  queue.enqueue(['aaaaaa', 'bbbbbb']);
  await turn();
  assert.equal(queue.tokens, 12, 'the true number, now that they are tokenized');
  assert.throws(() => queue.enqueue(['c'.repeat(24), 'd']), { code: 'queue_full' }, 'estimated as 8 and 3 tokens');
  assert.deepEqual([queue.texts, queue.tokens, queue.bytes], [2, 12, 12]);
  queue.enqueue(['aaaaaa', 'c'.repeat(24)]); // the first one waits already
  assert.equal(queue.texts, 3);
  await finish();
  await finish();
  assert.equal(queue.texts, 0);
  const large = ['é'.repeat(100), 'e'.repeat(100)];
  assert.equal(queue.enqueue(large).length, 2, 'an empty queue takes any call');
  assert.throws(() => queue.enqueue(['f']), { code: 'queue_full' });
});

test('bytes are bounded beside tokens', async () => {
  const { queue, turn } = heldQueue({ bytesMax: 100, maxTokens: 4 });
  one(queue, 'é'.repeat(40));
  await turn();
  assert.throws(() => one(queue, 'x'.repeat(21)), { code: 'queue_full' });
  one(queue, 'x'.repeat(20));
});

test('a text that nobody waits for is dropped; one that somebody waits for is not', async () => {
  const { queue, batches, finish, turn } = heldQueue();
  one(queue, 'running');
  await turn();
  const leaving = new AbortController();
  const gone = one(queue, 'abandoned', leaving.signal);
  const shared = one(queue, 'shared', leaving.signal);
  const stays = one(queue, 'shared');
  await turn();
  leaving.abort();
  await assert.rejects(gone, { code: 'cancelled' });
  await assert.rejects(shared, { code: 'cancelled' });
  assert.deepEqual([queue.texts, queue.bytes], [2, 'running'.length + 'shared'.length], 'its room is free at once');
  await finish();
  assert.deepEqual(batches[1], ['shared'.length]);
  await finish();
  assert.equal((await stays).vector[0], 's'.codePointAt(0));
  assert.deepEqual([queue.texts, queue.tokens, queue.bytes], [0, 0, 0]);
  assert.throws(() => queue.enqueue(['late'], leaving.signal), { code: 'cancelled' });
});

test('a text abandoned while it is tokenized is not encoded', async () => {
  const held = Promise.withResolvers<void>();
  const { queue, batches, turn } = heldQueue({
    tokenize: async (texts) => {
      await held.promise;
      return texts.map(() => ({ ids: Int32Array.of(1), truncated: false }));
    },
  });
  const leaving = new AbortController();
  const gone = one(queue, 'abandoned', leaving.signal);
  await turn();
  leaving.abort();
  await assert.rejects(gone, { code: 'cancelled' });
  held.resolve();
  await turn();
  assert.deepEqual([batches, queue.texts, queue.tokens], [[], 0, 0]);
});

test('Retry-After tells from the observed rate when there should be room', async () => {
  const { queue, finish, turn } = heldQueue({ tokensMax: 20_000 });
  assert.equal(queue.estimatedWait_s, 1);
  one(queue, textOf(200));
  await turn();
  await new Promise((resolve) => setTimeout(resolve, 100));
  await finish();
  // 200 tokens took a tenth of a second, or somewhat more on a busy machine: 20,000 take about 10 seconds.
  const texts = Array.from({ length: 100 }, (_, at) => textOf(792, `${at} `)); // estimated as 200 tokens each
  queue.enqueue(texts);
  assert.ok(queue.estimatedWait_s >= 10 && queue.estimatedWait_s < 100, String(queue.estimatedWait_s));
  const refusal = (tokens: number) => {
    try {
      queue.enqueue([textOf(4 * (tokens - 2), 'new ')]);
    } catch (error) {
      return (error as { retryAfter_s: number }).retryAfter_s;
    }
    return 0;
  };
  const [little, much] = [refusal(10), refusal(250)];
  assert.ok(little >= 1 && little <= much && much < queue.estimatedWait_s, 'room for some comes before all are done');
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
  assert.equal((await running).vector[0], 'r'.codePointAt(0));
  assert.equal(queue.texts, 0);
});

test('several encoders each have a batch', async () => {
  const { queue, batches, finishAll, turn } = heldQueue({ encoderCount: 2, batchTokens: 10 });
  queue.enqueue(['a', 'b', 'c', 'd'].map((name) => textOf(10, name)));
  await turn();
  assert.equal(batches.length, 2);
  await finishAll();
  assert.equal(batches.length, 4);
});

test('a vector with NaN or infinity is an error of its text alone', async () => {
  const odd = new Map([
    ['n'.codePointAt(0), Number.NaN],
    ['i'.codePointAt(0), Number.POSITIVE_INFINITY],
  ]);
  const encode = async (batch: readonly Int32Array[]) => Float32Array.from(batch, ([id]) => odd.get(id) ?? 1);
  const { queue, failures } = heldQueue({ encoders: [encode] });
  const outcomes = await Promise.allSettled(queue.enqueue(['a', 'n', 'b', 'i']));
  assert.deepEqual(
    outcomes.map((outcome) => (outcome.status === 'fulfilled' ? [...outcome.value.vector] : outcome.reason.code)),
    [[1], 'inference_failed', [1], 'inference_failed'],
  );
  assert.equal(failures.length, 2);
});
