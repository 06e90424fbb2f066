/** Builds what answers requests: model, encoder, cache, index, store, and the services over them. */
import type { Logger } from 'pino';
import { createEmbeddingCache, type EmbeddingCache } from './cache/embedding-cache.ts';
import type { Config } from './config.ts';
import { BatchQueue, type BatchReport } from './encoder/batch-queue.ts';
import { SupervisedEncoder } from './encoder/supervised-encoder.ts';
import { defaultIndexBytes } from './index/memory-limit.ts';
import { createVectorIndex, type VectorIndex } from './index/vector-index.ts';
import type { Metrics } from './metrics.ts';
import { terminalProgress } from './model/progress.ts';
import { type ResolvedModel, resolveModel } from './model/resolve-model.ts';
import { native } from './native/binding.ts';
import { AnswerBudget } from './service/answer-budget.ts';
import { EmbeddingService } from './service/embedding-service.ts';
import type { Engine } from './service/engine.ts';
import { IndexCapacity } from './service/index-capacity.ts';
import { SearchService } from './service/search-service.ts';
import { statsOf } from './service/stats.ts';
import { QueuedEncoder } from './service/text-encoder.ts';
import type { DocumentStore } from './store/document-store.ts';
import { LmdbStore } from './store/lmdb-store.ts';
import { MemoryStore } from './store/memory-store.ts';
import type { ProcessCounts } from './thread-counts.ts';

/** The engine with the parts that are asked for gauges, shared with other threads, and closed. */
export interface RunningEngine {
  readonly engine: Engine;
  readonly modelName: string;
  /** What encodes where, for people. */
  readonly encoder: string;
  readonly textEncoder: QueuedEncoder;
  readonly queue: BatchQueue;
  readonly cache: EmbeddingCache;
  readonly index: VectorIndex;
  readonly documents: () => number;
  readonly close: () => Promise<void>;
}

export interface EngineSurroundings {
  readonly metrics: Metrics;
  readonly counts: ProcessCounts;
  readonly logger: Logger;
}

/** @throws CosimoError what the model, the encoder and the store can't be started with */
export async function startEngine(config: Config, surroundings: EngineSurroundings): Promise<RunningEngine> {
  const { metrics, counts, logger } = surroundings;
  const log = (line: string) => logger.info(line);
  const model = await resolveModel({
    model: config.MODEL,
    ...(config.MODEL_DIR === undefined ? {} : { modelDir: config.MODEL_DIR }),
    progress: terminalProgress(),
    log,
  });
  const encoder = await SupervisedEncoder.start(
    { modelDir: model.dir, device: config.DEVICE, threads: config.ENCODER_THREADS, batchTokens: config.BATCH_TOKENS },
    log,
  );
  const queue = new BatchQueue({
    encode: (texts) => encoder.encode(texts),
    textsMax: config.QUEUE_TEXTS,
    bytesMax: config.QUEUE_BYTES,
    onBatch: (report) => recordBatch(metrics, report),
  });
  encoder.probeThrough(async (text) => Promise.all(queue.enqueue([text])));
  const { dimensions, description } = encoder;
  const cache = createEmbeddingCache({
    dimensions,
    capacityBytes: config.CACHE_BYTES,
    timeToLiveMs: config.CACHE_TTL_MS,
  });
  const textEncoder = new QueuedEncoder(queue, cache);
  const embeddings = new EmbeddingService({
    encoder: textEncoder,
    cache,
    counts: counts.ofThread(0),
    textBytesMax: config.MAX_TEXT_BYTES,
  });
  const store = openStore(config, model, dimensions);
  const index = createVectorIndex(dimensions, config.SEARCH_THREADS, config.SEARCH_CODES);
  const capacity = new IndexCapacity({
    store,
    index,
    documentsMax: config.MAX_DOCUMENTS || Number.POSITIVE_INFINITY,
    bytesMax: config.MAX_INDEX_BYTES || defaultIndexBytes(),
  });
  const answers = new AnswerBudget(config.ANSWER_BYTES);
  const limits = { topKMax: config.MAX_TOP_K, metadataBytesMax: config.MAX_METADATA_BYTES };
  const search = new SearchService({ embeddings, index, store, capacity, answers, metrics, ...limits });
  await search.load();
  const documents = () => search.documents;
  const described = { modelName: model.name, encoder: description };
  const statsParts = { ...described, kernel: native.kernel, documents, cache, index, counts };
  return {
    engine: {
      dimensions,
      embeddings,
      search,
      healthy: () => encoder.healthy,
      stats: () => statsOf(statsParts),
      retryAfter_s: () => queue.drain_s,
    },
    ...described,
    textEncoder,
    queue,
    cache,
    index,
    documents,
    async close() {
      await queue.close();
      await encoder.close();
      index.close();
      await store.close();
    },
  };
}

/** The store that a configuration asks for; for the benchmark too, which fills one without encoding. */
export function openStore(config: Config, model: ResolvedModel, dimensions: number): DocumentStore {
  if (config.DATA_DIR === ':memory:') return new MemoryStore();
  return new LmdbStore({
    dir: config.DATA_DIR,
    dimensions,
    // Another arithmetic or another way to cut texts makes other vectors.
    fingerprint: `${model.fingerprint}-${config.PRECISION}`,
    modelName: model.name,
  });
}

function recordBatch(metrics: Metrics, { texts, queue_ms, outcome }: BatchReport): void {
  for (const wait_ms of queue_ms) metrics.stage('queue', wait_ms);
  if (outcome instanceof Error) return;
  metrics.stage('tokenize', outcome.tokenize_ms);
  metrics.stage('inference', outcome.inference_ms);
  metrics.batch(texts, outcome.tokens, outcome.padding_tokens);
}
