/** Writes, reads and searches documents. The store keeps them; the index, which is filled from it, finds the nearest. */
import { setTimeout } from 'node:timers/promises';
import { TimeSlice } from '../base/time-slice.ts';
import { CosimoError, errorCodeOf } from '../errors.ts';
import type { VectorIndex } from '../index/vector-index.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { DocumentStore, StoredDocument, StoredVectors } from '../store/document-store.ts';
import type { AnswerBudget } from './answer-budget.ts';
import { ID_BYTES_MAX } from './document.ts';
import type { EmbeddingService } from './embedding-service.ts';
import type { IndexCapacity } from './index-capacity.ts';
import { unitVector } from './unit-vector.ts';

/** A hit's text is in memory three times: the store's string, its part of the answer, the answer's bytes. */
const ANSWER_COPIES = 3;
const MEMORY_WAIT_MS = 50;

export interface DocumentServiceParts {
  readonly embeddings: EmbeddingService;
  readonly index: VectorIndex;
  readonly store: DocumentStore;
  readonly capacity: IndexCapacity;
  readonly answers: AnswerBudget;
  readonly metrics: Metrics;
  /** Whether the model's vectors have L2 norm 1; if not, they are divided by their norm before the index gets them. */
  readonly isNormalized: boolean;
  readonly topKMax: number;
  readonly metadataBytesMax: number;
}

export interface Hit {
  readonly document: StoredDocument;
  /** Cosine similarity, -1 to 1. */
  readonly score: number;
}

export interface SearchOptions {
  /** Most hits. Less than 1 finds nothing; more than MAX_TOP_K counts as MAX_TOP_K. */
  readonly topK: number;
  /** Lowest score of a hit. */
  readonly threshold: number;
  /**
   * Aborts once the answer has been sent or its client has gone. Until then the hits count towards ANSWER_BYTES; a search
   * that still runs stops with `cancelled`.
   */
  readonly signal?: AbortSignal;
}

export class DocumentService {
  readonly #parts: DocumentServiceParts;
  /** Running searches, each until its hits have been read from the store. */
  readonly #searches = new Set<Promise<unknown>>();
  /** Settles once the newest write has reached the index. The index takes writes in the order of the store's commits. */
  #applied: Promise<unknown> = Promise.resolve();

  constructor(parts: DocumentServiceParts) {
    this.#parts = parts;
  }

  get count(): number {
    return this.#parts.store.documents;
  }

  /**
   * Fills the index from the store, with a pause after each block, so that the event loop stays free. Documents whose vector holds
   * NaN or infinity are set aside.
   * @returns their ids
   * @throws CosimoError `index_full` when the store holds more than the index may take
   */
  async load(): Promise<readonly string[]> {
    const { store, capacity } = this.#parts;
    capacity.requireRoomForStore();
    const damaged: number[] = [];
    for (const block of store.vectors()) {
      capacity.requireBytesFor(block.versions.length);
      damaged.push(...this.#fill(block));
      await new Promise(setImmediate);
    }
    const ids: string[] = [];
    for (const version of damaged) {
      const id = await store.setAside(version);
      if (id === undefined) continue;
      capacity.deleted(id);
      ids.push(id);
    }
    return ids;
  }

  /** Adds a block to the index, without the vectors that it refuses. @returns the versions of these */
  #fill({ versions, vectors }: StoredVectors): readonly number[] {
    const { index } = this.#parts;
    try {
      index.addMany(versions, vectors);
      return [];
    } catch (error) {
      if (errorCodeOf(error) !== 'not_finite') throw error;
    }
    const damaged: number[] = [];
    for (const [at, version] of versions.entries()) {
      const vector = vectors.subarray(at * index.dimensions, (at + 1) * index.dimensions);
      if (vector.every(Number.isFinite)) index.add(version, vector);
      else damaged.push(version);
    }
    return damaged;
  }

  /** @throws CosimoError `document_not_found` */
  find(id: string): StoredDocument {
    const document = isPossibleId(id) ? this.#parts.store.find(id) : undefined;
    if (document === undefined) throw new CosimoError('document_not_found');
    return document;
  }

  /**
   * Adds a document or replaces the one of the same id. Returns once it is durable and every later search sees it.
   * @throws CosimoError `metadata_too_large`, `index_full`, and what embedding and storing throw; nothing has changed then
   */
  async upsert(document: StoredDocument, signal?: AbortSignal): Promise<void> {
    const { capacity, metadataBytesMax } = this.#parts;
    if (Buffer.byteLength(document.metadata) > metadataBytesMax) {
      throw new CosimoError(
        'metadata_too_large',
        `The metadata is larger than ${metadataBytesMax} bytes; shorten it or raise MAX_METADATA_BYTES`,
      );
    }
    capacity.admit(document.id);
    try {
      await this.#write(document, signal);
    } finally {
      capacity.release(document.id);
    }
  }

  async #write(document: StoredDocument, signal?: AbortSignal): Promise<void> {
    const { embeddings, index, store, capacity, metrics } = this.#parts;
    const { vectors } = await embeddings.embed([document.text], { as: 'document', signal });
    if (signal?.aborted) throw new CosimoError('cancelled'); // the client has had its answer: nothing may be stored now
    const vector = this.#unit(vectors[0] as Float32Array);
    index.reserve(capacity.writes); // what can fail comes before the commit
    const started_ms = performance.now();
    await this.#apply(store.put(document, vector), ({ version, replaced }) => {
      if (replaced === undefined) index.add(version, vector);
      else {
        index.replace(replaced, version, vector);
        this.#forgetLater(replaced);
      }
      capacity.stored(document.id, replaced === undefined);
    });
    metrics.stage('store', performance.now() - started_ms);
  }

  /** @throws CosimoError `document_not_found` */
  async delete(id: string): Promise<void> {
    if (!isPossibleId(id)) throw new CosimoError('document_not_found');
    const { index, store, capacity } = this.#parts;
    await this.#apply(store.delete(id), (version) => {
      if (version === undefined) throw new CosimoError('document_not_found');
      capacity.deleted(id);
      index.remove(version);
      this.#forgetLater(version);
    });
  }

  /**
   * Every live document against the query: exact, best first, equal scores by age, oldest first.
   * @throws CosimoError `queue_full`, `cancelled`, and what embedding throws
   */
  async search(query: string, options: SearchOptions): Promise<Hit[]> {
    const { embeddings, metrics } = this.#parts;
    const { signal } = options;
    const { vectors } = await embeddings.embed([query], { as: 'query', signal });
    const started_ms = performance.now();
    const search = this.#scan(this.#unit(vectors[0] as Float32Array), options);
    this.#searches.add(search);
    try {
      return await search;
    } finally {
      this.#searches.delete(search);
      metrics.stage('scan', performance.now() - started_ms);
    }
  }

  async #scan(vector: Float32Array, { topK, threshold, signal }: SearchOptions): Promise<Hit[]> {
    const { index, store, answers, topKMax } = this.#parts;
    const take = signal && answers.open(signal);
    const limit = Math.max(0, Math.min(topK, topKMax));
    const { keys, scores } = await index.search(vector, limit, threshold, signal);
    const hits: Hit[] = [];
    const slice = new TimeSlice();
    for (const [at, version] of keys.entries()) {
      if (signal?.aborted) throw new CosimoError('cancelled');
      const document = store.get(version);
      if (document === undefined) throw new Error(`version ${version} is in the index and not in the store`);
      take?.((document.text.length + document.metadata.length) * ANSWER_COPIES);
      // Rounding can carry the product of two unit vectors past 1.
      hits.push({ document, score: Math.max(-1, Math.min(1, scores[at] as number)) });
      await slice.turn();
    }
    return hits;
  }

  #unit(vector: Float32Array): Float32Array {
    return this.#parts.isNormalized ? vector : unitVector(vector);
  }

  /**
   * Changes the index once the write is durable and every earlier write has been applied. The index must follow the store: the vector
   * was checked and its row's memory taken before, so all that it can lack is a few kB, and then it is asked again.
   */
  async #apply<T>(write: Promise<T>, change: (result: T) => void): Promise<void> {
    const previous = this.#applied;
    const applied = (async () => {
      await Promise.allSettled([write, previous]); // a write that fails must not let the next one overtake
      const result = await write;
      while (!hasMemoryFor(() => change(result))) await setTimeout(MEMORY_WAIT_MS);
    })();
    this.#applied = applied.catch(() => {});
    await applied;
  }

  /** A running search may have found this version: it stays readable until the searches of this moment have ended. */
  #forgetLater(version: number): void {
    const { store } = this.#parts;
    if (this.#searches.size === 0) store.forget(version);
    else void Promise.allSettled(this.#searches).then(() => store.forget(version));
  }
}

/** Runs a change that changes nothing when it fails. @returns whether there was memory for it */
function hasMemoryFor(change: () => void): boolean {
  try {
    change();
    return true;
  } catch (error) {
    if (errorCodeOf(error) === 'out_of_memory') return false;
    throw error;
  }
}

/** Stores refuse longer ids, even in look-ups. */
function isPossibleId(id: string): boolean {
  return Buffer.byteLength(id) <= ID_BYTES_MAX;
}
