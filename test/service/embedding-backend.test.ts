/** Between cache and encoder: an inference that fails leaves nothing behind, and every waiting call gets the error. */
import assert from 'node:assert/strict';
import { test } from 'vitest';
import { createEmbeddingCache } from '../../src/cache/embedding-cache.ts';
import { BatchQueue } from '../../src/encoder/queue/batch-queue.ts';
import { CosimoError } from '../../src/errors.ts';
import { ProcessCounts } from '../../src/metrics/thread-counts.ts';
import { QueuedBackend } from '../../src/service/embedding-backend.ts';
import { EmbeddingService } from '../../src/service/embedding-service.ts';

const DIMENSIONS = 4;

test('a failed inference caches nothing, every waiter gets the error, and the next call is encoded', async () => {
  const cache = createEmbeddingCache({ dimensions: DIMENSIONS, capacityBytes: 1 << 20 });
  const counts = new ProcessCounts(1);
  let fails = true;
  let inferences = 0;
  const queue = new BatchQueue({
    tokenize: async (texts) => texts.map(() => ({ ids: Int32Array.of(101, 102), truncated: false })),
    encoders: [
      async (batch) => {
        inferences += 1;
        if (fails) throw new CosimoError('encoder_lost');
        return new Float32Array(batch.length * DIMENSIONS).fill(0.5);
      },
    ],
    maxTokens: 16,
    batchTokens: 100,
    overheadTokens: 16,
    pads: true,
    tokensMax: 1000,
    bytesMax: 10_000,
  });
  const service = new EmbeddingService({
    cache,
    counts: counts.countsOfThread(0),
    backend: new QueuedBackend(queue, cache),
    prompts: { text: '', query: '', document: '' },
    textBytesMax: 1000,
  });

  const waiters = Array.from({ length: 5 }, () => service.embed(['shared', 'another']));
  for (const waiter of await Promise.allSettled(waiters)) {
    assert.equal(waiter.status, 'rejected');
    assert.equal((waiter.reason as CosimoError).code, 'encoder_lost');
  }
  assert.equal(inferences, 2, 'they waited for one inference, which was tried twice');
  assert.equal(cache.size, 0);
  assert.deepEqual(counts.lookups, { hits: 0, misses: 0 }, 'no request was accepted');

  fails = false;
  const { cachedCount } = await service.embed(['shared', 'another']);
  assert.equal(cachedCount, 0);
  assert.equal(cache.size, 2);
});
