/** Builds what answers requests: model, encoder, cache, index, store, and the services over them. */
import type { Logger } from 'pino';
import { createEmbeddingCache, type EmbeddingCache } from './cache/embedding-cache.ts';
import type { Config } from './config.ts';
import { type EncodingPipeline, startPipeline } from './encoder/encoding-pipeline.ts';
import type { BatchQueue } from './encoder/queue/batch-queue.ts';
import type { BatchReport } from './encoder/queue/queue-reports.ts';
import { defaultIndexBytes } from './index/memory-limit.ts';
import { createVectorIndex, type VectorIndex } from './index/vector-index.ts';
import type { Metrics } from './metrics/metrics.ts';
import type { ProcessCounts } from './metrics/thread-counts.ts';
import { readModelConfig } from './model/model-config.ts';
import { parseModelName } from './model/model-name.ts';
import type { Prompts } from './model/prompts.ts';
import { type ResolvedModel, resolveModel } from './model/source/resolve-model.ts';
import { terminalProgress } from './model/source/transfer/progress.ts';
import { native } from './native/binding.ts';
import { pipelineOptions } from './pipeline-options.ts';
import { AnswerBudget } from './service/answer-budget.ts';
import { DocumentService } from './service/document-service.ts';
import { QueuedBackend } from './service/embedding-backend.ts';
import { EmbeddingService } from './service/embedding-service.ts';
import type { Engine, ServedModel } from './service/engine.ts';
import { IndexCapacity } from './service/index-capacity.ts';
import { statsOf } from './service/stats.ts';
import type { DocumentStore } from './store/document-store.ts';
import { LmdbStore } from './store/lmdb/lmdb-store.ts';
import { MemoryStore } from './store/memory-store.ts';
import { vectorFingerprint } from './vector-fingerprint.ts';

/** The engine with the parts that are asked for gauges, shared with other threads, and closed. */
export interface RunningEngine {
  readonly engine: Engine;
  readonly modelName: string;
  /** What encodes where, for people. */
  readonly encoder: string;
  /** Native memory of the encoder; 0 with ONNX Runtime. */
  readonly encoderMemoryBytes: () => number;
  readonly prompts: Prompts;
  readonly backend: QueuedBackend;
  readonly queue: BatchQueue;
  readonly cache: EmbeddingCache;
  readonly index: VectorIndex;
  readonly documentCount: () => number;
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
  const modelConfig = await readModelConfig(model.dir);
  const { prompts } = modelConfig;
  const pipeline = await startPipeline(pipelineOptions(config, model.dir), {
    log,
    onTokenized: ({ elapsed_ms, truncated }) => {
      metrics.stage('tokenize', elapsed_ms);
      metrics.truncatedTexts(truncated);
    },
    onBatch: (report) => recordBatch(metrics, report),
    onRestart: () => metrics.encoderRestarted(),
  });
  const { queue, dimensions, description } = pipeline;
  const cache = createEmbeddingCache({
    dimensions,
    capacityBytes: config.CACHE_BYTES,
    timeToLiveMs: config.CACHE_TTL_MS,
  });
  const backend = new QueuedBackend(queue, cache);
  const embeddings = new EmbeddingService({
    backend,
    cache,
    counts: counts.ofThread(0),
    prompts,
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
  const isNormalized = modelConfig.normalize;
  const limits = { topKMax: config.MAX_TOP_K, metadataBytesMax: config.MAX_METADATA_BYTES };
  const documents = new DocumentService({
    embeddings,
    index,
    store,
    capacity,
    answers,
    metrics,
    isNormalized,
    ...limits,
  });
  await documents.load();
  const documentCount = () => documents.count;
  const described = { modelName: model.name, encoder: description };
  const statsParts = { ...described, kernel: native.kernel, documentCount, cache, index, counts };
  return {
    engine: {
      model: servedModel(config, model, pipeline),
      dimensions,
      embeddings,
      documents,
      healthy: pipeline.healthy,
      stats: () => statsOf(statsParts),
      retryAfter_s: () => queue.drain_s,
    },
    ...described,
    encoderMemoryBytes: pipeline.encoderMemoryBytes,
    prompts,
    backend,
    queue,
    cache,
    index,
    documentCount,
    async close() {
      await pipeline.close();
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
    fingerprint: vectorFingerprint(model, config),
    modelName: model.name,
  });
}

function servedModel(config: Config, { name }: ResolvedModel, pipeline: EncodingPipeline): ServedModel {
  const { dimensions, maxTokens, vocabSize, prefix, suffix } = pipeline;
  // A folder has no name but its own; who sets MODEL beside it says what it is.
  const names = [name, parseModelName(config.MODEL).name];
  const aliases = [...new Set([...names, ...names.map((known) => known.split('/').at(-1) as string)])];
  return { name, aliases, dimensions, maxTokens, vocabSize, prefix, suffix, loaded_s: Math.floor(Date.now() / 1000) };
}

function recordBatch(metrics: Metrics, { queue_ms, elapsed_ms, tokens, paddingTokens }: BatchReport): void {
  for (const wait_ms of queue_ms) metrics.stage('queue', wait_ms);
  metrics.stage('inference', elapsed_ms);
  metrics.batch(queue_ms.length, tokens, paddingTokens);
}
