/** Searches beside writes: the order of commits, and versions that searches keep and then release. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { test } from 'vitest';
import { createEmbeddingCache } from '../../src/cache/embedding-cache.ts';
import { CosimoError } from '../../src/errors.ts';
import { VectorIndex } from '../../src/index/vector-index.ts';
import { Metrics } from '../../src/metrics/metrics.ts';
import { ProcessCounts } from '../../src/metrics/thread-counts.ts';
import type { NativeHits } from '../../src/native/binding.ts';
import { AnswerBudget } from '../../src/service/answer-budget.ts';
import { DocumentService, type Hit } from '../../src/service/document-service.ts';
import { QueuedBackend } from '../../src/service/embedding-backend.ts';
import { EmbeddingService } from '../../src/service/embedding-service.ts';
import { IndexCapacity } from '../../src/service/index-capacity.ts';
import type { DocumentStore, PutResult, StoredDocument } from '../../src/store/document-store.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import { openStore } from '../../src/store/open-store.ts';
import { atEnd } from '../support/at-end.ts';
import { testPipeline } from '../support/pipeline.ts';

const { queue, dimensions } = await testPipeline();
const zero = () => 0;
const metrics = new Metrics({
  encoder_memory_bytes: () => 0,
  ready: () => true,
  documents: zero,
  queue_texts: zero,
  queue_tokens: zero,
  queue_bytes: zero,
});
const cache = createEmbeddingCache({ dimensions, capacityBytes: 1 << 20 });
const embeddings = new EmbeddingService({
  backend: new QueuedBackend(queue, cache),
  cache,
  counts: new ProcessCounts(1).countsOfThread(0),
  prompts: { text: '', query: '', document: '' },
  textBytesMax: 1000,
});

/** An index that remembers the signal of its last search, and that may lack memory for some writes. */
class WatchedIndex extends VectorIndex {
  signal: AbortSignal | undefined;
  writesWithoutMemory = 0;
  hasRoom = true;

  override reserve(rows: number): void {
    if (!this.hasRoom) throw new CosimoError('out_of_memory');
    super.reserve(rows);
  }

  override add(key: number, vector: Float32Array): void {
    this.#requireMemory();
    super.add(key, vector);
  }

  override replace(oldKey: number, newKey: number, vector: Float32Array): void {
    this.#requireMemory();
    super.replace(oldKey, newKey, vector);
  }

  #requireMemory(): void {
    if (this.writesWithoutMemory === 0) return;
    this.writesWithoutMemory -= 1;
    throw new CosimoError('out_of_memory');
  }

  override search(query: Float32Array, topK: number, threshold: number, signal?: AbortSignal): Promise<NativeHits> {
    this.signal = signal;
    return super.search(query, topK, threshold, signal);
  }
}

/** Answers that report each hit while it is read. */
class WatchedAnswers extends AnswerBudget {
  onHit: () => void = () => {};

  override open(over: AbortSignal): (bytes: number) => void {
    const take = super.open(over);
    return (bytes) => {
      this.onHit();
      take(bytes);
    };
  }
}

interface Parts<T> {
  readonly answers: WatchedAnswers;
  readonly service: DocumentService;
  readonly store: T;
  readonly index: WatchedIndex;
}

function serviceOver<T extends DocumentStore>(store: T, documentsMax = Number.POSITIVE_INFINITY): Parts<T> {
  const index = new WatchedIndex({ dimensions, threads: 2 });
  atEnd(() => index.close());
  const capacity = new IndexCapacity({ store, index, documentsMax, bytesMax: 1 << 30 });
  const answers = new WatchedAnswers(1 << 20);
  const limits = { isNormalized: true, topKMax: 100, metadataBytesMax: 1000 };
  return {
    answers,
    service: new DocumentService({ embeddings, index, store, capacity, answers, metrics, ...limits }),
    store,
    index,
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
  const { service, store, answers } = serviceOver(new MemoryStore());
  await service.upsert(document('a', 'one'));
  let seen: string | undefined;
  // A replacement must not remove the version while the hits are read.
  answers.onHit = () => {
    seen ??= store.get(1)?.text;
    void service.upsert(document('a', 'two'));
  };
  const hits = await service.search('one', {
    ...all,
    signal: new AbortController().signal,
  });
  assert.deepEqual([seen, hits.map((hit) => hit.document.text)], ['one', ['one']]);
  await service.upsert(document('a', 'three'));
  assert.equal(store.get(1), undefined);
});

/** A store that acknowledges its first write after the second one, as a slow disk may do. */
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

/** A store whose second write fails at once. */
class FailingSecondStore extends SlowFirstStore {
  #puts = 0;

  override async put(document: StoredDocument): Promise<PutResult> {
    this.#puts += 1;
    if (this.#puts === 2) throw new CosimoError('store_unavailable');
    return super.put(document);
  }
}

test('a write that fails does not let the next one overtake those before it', async () => {
  const { service } = serviceOver(new FailingSecondStore());
  await embeddings.embed(['first', 'second']);
  const first = service.upsert(document('a', 'first'));
  const failing = service.upsert(document('b', 'first'));
  const last = service.upsert(document('a', 'second'));
  await assert.rejects(failing, { code: 'store_unavailable' });
  await Promise.all([first, last]);
  const hits = await service.search('anything', all);
  assert.deepEqual(
    hits.map((hit) => hit.document.text),
    ['second'],
  );
});

test('a write for which the index has no memory is refused before it is stored', async () => {
  const { service, index, store } = serviceOver(new MemoryStore());
  await service.upsert(document('a', 'first'));
  index.hasRoom = false;
  await assert.rejects(service.upsert(document('a', 'second')), { code: 'out_of_memory' });
  await assert.rejects(service.upsert(document('b', 'second')), { code: 'out_of_memory' });
  assert.deepEqual([store.documents, service.find('a').text, index.statistics().rows], [1, 'first', 1]);
  index.hasRoom = true;
  await service.upsert(document('b', 'second'));
  assert.equal(service.count, 2);
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

test('a search whose client has gone does not scan, and reads no more hits', async () => {
  const { service, index, answers } = serviceOver(new MemoryStore());
  for (const id of ['a', 'b', 'c']) await service.upsert(document(id, 'the same'));
  const gone = new AbortController();
  let taken = 0;
  answers.onHit = () => {
    taken += 1;
    gone.abort();
  };
  const { signal } = gone;
  await assert.rejects(service.search('the same', { ...all, signal }), { code: 'cancelled' });
  assert.deepEqual([taken, index.signal], [1, signal]);
  await assert.rejects(service.search('the same', { ...all, signal }), { code: 'cancelled' });
  assert.equal((await service.search('the same', all)).length, 3);
});

/** A store that commits late, one write after another, and acknowledges later, as a disk does. */
class LateStore extends MemoryStore {
  readonly #turns: readonly number[];
  #waits = 0;
  #committed: Promise<unknown> = Promise.resolve();
  highest = 0;

  constructor(turns: readonly number[]) {
    super();
    this.#turns = turns;
  }

  override put(document: StoredDocument): Promise<PutResult> {
    return this.#write(async () => {
      const result = super.put(document);
      this.highest = Math.max(this.highest, this.documents);
      return result;
    });
  }

  override delete(id: string): Promise<number | undefined> {
    return this.#write(() => super.delete(id));
  }

  async #write<T>(change: () => Promise<T>): Promise<T> {
    const commit = this.#committed.then(() => this.#wait()).then(change);
    this.#committed = commit;
    const result = await commit;
    await this.#wait();
    return result;
  }

  async #wait(): Promise<void> {
    const turns = this.#turns[this.#waits % this.#turns.length] as number;
    this.#waits += 1;
    for (let turn = 0; turn < turns; turn += 1) await new Promise(setImmediate);
  }
}

test('whatever writes and deletes run at once: never past MAX_DOCUMENTS, and no place is lost', async () => {
  const documentsMax = 3;
  await embeddings.embed(['cached']);
  const step = fc.record({
    id: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
    kind: fc.constantFrom('write', 'write', 'abandoned write', 'delete'),
    turnsBefore: fc.nat({ max: 2 }),
  });
  const turns = fc.array(fc.nat({ max: 4 }), { minLength: 1 });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 20 }), turns, async (steps, flushes) => {
      const { service, store, index } = serviceOver(new LateStore(flushes), documentsMax);
      const outcomes: Promise<string>[] = [];
      for (const { id, kind, turnsBefore } of steps) {
        for (let turn = 0; turn < turnsBefore; turn += 1) await new Promise(setImmediate);
        const client = new AbortController();
        const write = () => service.upsert(document(id, 'cached'), client.signal);
        const step = kind === 'delete' ? service.delete(id) : write();
        outcomes.push(
          step.then(
            () => 'done',
            ({ code }) => code,
          ),
        );
        if (kind === 'abandoned write') client.abort();
      }
      for (const outcome of await Promise.all(outcomes))
        assert.ok(['done', 'index_full', 'cancelled', 'document_not_found'].includes(outcome), outcome);
      assert.ok(store.highest <= documentsMax, `${store.highest} documents at once`);
      const room = documentsMax - store.documents;
      for (let at = 0; at < room; at += 1) await service.upsert(document(`new ${at}`, 'cached'));
      await assert.rejects(service.upsert(document('one more', 'cached')), { code: 'index_full' });
      index.close();
    }),
    { numRuns: 300 },
  );
});

test('the index follows a write that is durable, even if it lacks memory at first; later writes wait for it', async () => {
  const { service, index } = serviceOver(new MemoryStore());
  await service.upsert(document('a', 'first'));
  for (const text of ['second', 'third']) {
    index.writesWithoutMemory = 3;
    await Promise.all([service.upsert(document('a', text)), service.upsert(document('b', text))]);
    const hits = await service.search(text, { topK: 1, threshold: 0.99 });
    assert.deepEqual(
      hits.map((hit) => hit.document.text),
      [text],
    );
    assert.equal(service.find('a').text, text);
  }
});

test('a stored vector that is not finite is set aside by name at the start, and the rest serves', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'cosimo-set-aside-'));
  atEnd(() => rmSync(dir, { recursive: true, force: true }));
  const open = () => openStore(dir, { dimensions, fingerprint: 'one', modelName: 'a/model' });
  const {
    vectors: [vector],
  } = await embeddings.embed(['sound']);
  const first = open();
  await first.put(document('before', 'sound'), vector as Float32Array);
  for (const [id, value] of [
    ['nan', Number.NaN],
    ['infinite', Number.POSITIVE_INFINITY],
  ] as const)
    await first.put(document(id, 'damaged'), (vector as Float32Array).with(7, value));
  await first.put(document('after', 'sound'), vector as Float32Array);
  await first.close();

  const { service, store } = serviceOver(open());
  assert.deepEqual(await service.load(), ['nan', 'infinite']);
  assert.equal(service.count, 2);
  assert.throws(() => service.find('nan'), { code: 'document_not_found' });
  const ids = (hits: readonly Hit[]) => hits.map((hit) => hit.document.id);
  assert.deepEqual(ids(await service.search('sound', all)), ['before', 'after']);
  await service.upsert(document('nan', 'sound'));
  await store.close();

  const again = serviceOver(open());
  assert.deepEqual(await again.service.load(), []);
  assert.deepEqual(ids(await again.service.search('sound', all)), ['before', 'after', 'nan']);
  await again.store.close();
});
