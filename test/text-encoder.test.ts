/** Between cache and encoder: what an inference that fails leaves behind, and who hears of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createEmbeddingCache } from '../src/cache/embedding-cache.ts';
import { BatchQueue } from '../src/encoder/batch-queue.ts';
import { CosimoError } from '../src/errors.ts';
import { EmbeddingService } from '../src/service/embedding-service.ts';
import { QueuedEncoder } from '../src/service/text-encoder.ts';
import { ProcessCounts } from '../src/thread-counts.ts';

const DIMENSIONS = 4;
const timings = { tokenize_ms: 0, inference_ms: 0, tokens: 0, padding_tokens: 0 };

test('a failed inference caches nothing, every waiter gets the error, and the next call is encoded', async () => {
  const cache = createEmbeddingCache({ dimensions: DIMENSIONS, capacityBytes: 1 << 20 });
  const counts = new ProcessCounts(1);
  let fails = true;
  let inferences = 0;
  const queue = new BatchQueue({
    textsMax: 100,
    bytesMax: 10_000,
    onBatch: () => {},
    encode: async (texts) => {
      inferences += 1;
      if (fails) throw new CosimoError('inference_failed');
      return { vectors: texts.map(() => new Float32Array(DIMENSIONS).fill(0.5)), timings };
    },
  });
  const service = new EmbeddingService({
    cache,
    counts: counts.ofThread(0),
    encoder: new QueuedEncoder(queue, cache),
    textBytesMax: 1000,
  });

  const waiters = Array.from({ length: 5 }, () => service.embed(['shared', 'another']));
  for (const waiter of await Promise.allSettled(waiters)) {
    assert.equal(waiter.status, 'rejected');
    assert.equal((waiter.reason as CosimoError).code, 'inference_failed');
  }
  assert.equal(inferences, 1, 'they waited for one inference');
  assert.equal(cache.size, 0);
  assert.deepEqual(counts.lookups, { hits: 0, misses: 0 }, 'no request was accepted');

  fails = false;
  const { cachedCount } = await service.embed(['shared', 'another']);
  assert.equal(cachedCount, 0);
  assert.equal(cache.size, 2);
});
