/** What search and writes owe each other: the order of commits, and that nothing outlives its use. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createEmbeddingCache } from '../src/cache/embedding-cache.ts';
import { BatchQueue } from '../src/encoder/batch-queue.ts';
import { EncoderThread } from '../src/encoder/encoder-thread.ts';
import { createVectorIndex } from '../src/index/vector-index.ts';
import { Metrics } from '../src/metrics.ts';
import { EmbeddingService } from '../src/service/embedding-service.ts';
import { SearchService } from '../src/service/search-service.ts';
import type { PutResult, StoredDocument } from '../src/store/document-store.ts';
import { MemoryStore } from '../src/store/memory-store.ts';
import { testModelDir } from './support/model.ts';

const encoder = await EncoderThread.start(
  { modelDir: await testModelDir(), device: 'cpu', threads: 2, batchTokens: 2048 },
  () => {},
);
after(() => encoder.close());
const zero = () => 0;
const metrics = new Metrics({
  ready: () => true,
  ...{
    documents: zero,
    index_bytes: zero,
    cache_entries: zero,
    cache_bytes: zero,
    queue_texts: zero,
    queue_bytes: zero,
  },
});
const queue = new BatchQueue({ encode: (texts) => encoder.encode(texts), textsMax: 1000, bytesMax: 1 << 20 });
const cache = createEmbeddingCache(encoder.dimensions, 1 << 20);
const embeddings = new EmbeddingService({ queue, cache, metrics, textBytesMax: 1000 });

function serviceOver<T extends MemoryStore>(store: T): { service: SearchService; store: T } {
  const index = createVectorIndex(encoder.dimensions, 2);
  after(() => index.close());
  return {
    service: new SearchService({ embeddings, index, store, metrics, topKMax: 100, metadataBytesMax: 1000 }),
    store,
  };
}

const document = (id: string, text: string): StoredDocument => ({ id, text, metadata: '{}' });
const all = { topK: 100, threshold: -1 };

test('replaced and deleted versions are forgotten once no search can want them', async () => {
  const { service, store } = serviceOver(new MemoryStore());
  await service.upsert(document('a', 'one'));
  await service.upsert(document('a', 'two'));
  assert.deepEqual([store.get(1), store.get(2)?.text], [undefined, 'two']);
  await service.delete('a');
  assert.equal(store.get(2), undefined);
});

test('a search under way keeps what it may have found, until it ends', async () => {
  const { service, store } = serviceOver(new MemoryStore());
  await service.upsert(document('a', 'one'));
  let seen: string | undefined;
  const hits = await service.search('one', {
    ...all,
    // Runs while the hits are being read: a replacement now must not take the version away.
    take: () => {
      seen ??= store.get(1)?.text;
      void service.upsert(document('a', 'two'));
    },
  });
  assert.deepEqual([seen, hits.map((hit) => hit.document.text)], ['one', ['one']]);
  await service.upsert(document('a', 'three'));
  assert.equal(store.get(1), undefined);
});

/** Its first write is acknowledged after the second one, as a slow disk might have it. */
class SlowFirstStore extends MemoryStore {
  #writes = 0;

  override async put(document: StoredDocument): Promise<PutResult> {
    this.#writes += 1;
    const isFirst = this.#writes === 1;
    const result = await super.put(document);
    if (isFirst) await new Promise((resolve) => setTimeout(resolve, 100));
    return result;
  }
}

test('the index follows the order of the commits, whichever is acknowledged first', async () => {
  const { service } = serviceOver(new SlowFirstStore());
  await embeddings.embed(['first', 'second']);
  await Promise.all([service.upsert(document('a', 'first')), service.upsert(document('a', 'second'))]);
  const hits = await service.search('anything', all);
  assert.deepEqual(
    hits.map((hit) => hit.document.text),
    ['second'],
  );
});

test('a write whose client has been answered already is not made', async () => {
  const { service, store } = serviceOver(new MemoryStore());
  await embeddings.embed(['cached']);
  const gone = new AbortController();
  const write = service.upsert(document('a', 'cached'), gone.signal);
  gone.abort();
  await assert.rejects(write, { code: 'cancelled' });
  assert.equal(store.documents, 0);
});
