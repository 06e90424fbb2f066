/** Builds what answers requests: model, encoder, cache, index, store, and the services over them. */
import type { Logger } from 'pino';
import { createEmbeddingCache, type EmbeddingCache } from './cache/embedding-cache.ts';
import type { Config } from './config.ts';
import { type EncodingPipeline, startPipeline } from './encoder/encoding-pipeline.ts';
import { pipelineOptions } from './encoder/pipeline-options.ts';
import type { BatchQueue } from './encoder/queue/batch-queue.ts';
import type { BatchReport } from './encoder/queue/queue-reports.ts';
import { defaultIndexBytes } from './index/default-index-bytes.ts';
import { createVectorIndex, type VectorIndex } from './index/vector-index.ts';
import type { Metrics } from './metrics/metrics.ts';
import type { ProcessCounts } from './metrics/thread-counts.ts';
import { readModel } from './model/model.ts';
import { parseModelName } from './model/model-name.ts';
import type { Prompts } from './model/prompts.ts';
import { type ResolvedModel, resolveModel } from './model/source/resolve-model.ts';
import { vectorFingerprint } from './model/vector-fingerprint.ts';
import { native } from './native/binding.ts';
import { terminalProgress } from './progress.ts';
import { AnswerBudget } from './service/answer-budget.ts';
import { DocumentService } from './service/document-service.ts';
import { type EmbeddingBackend, QueuedBackend } from './service/embedding-backend.ts';
import { EmbeddingService } from './service/embedding-service.ts';
import type { Engine, ServedModel } from './service/engine.ts';
import { IndexCapacity } from './service/index-capacity.ts';
import { statsOf } from './service/stats.ts';
import type { DocumentStore } from './store/document-store.ts';
import { openStore } from './store/open-store.ts';

/** The engine, and the parts of it that metrics read, that other threads share, and that are closed at the end. */
export interface RunningEngine {
  readonly engine: Engine;
  readonly modelName: string;
  /** A description of the encoder for people: what runs where. */
  readonly encoder: string;
  /** Native memory of the encoder; 0 with ONNX Runtime. */
  readonly encoderMemoryBytes: () => number;
  readonly prompts: Prompts;
  readonly backend: EmbeddingBackend;
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

/** @throws CosimoError when model, encoder or store can't be started; its sentence says what to do */
export async function startEngine(config: Config, surroundings: EngineSurroundings): Promise<RunningEngine> {
  const { metrics, counts, logger } = surroundings;
  const log = (line: string) => logger.info(line);
  const model = await resolveModel({
    model: config.MODEL,
    modelDir: config.MODEL_DIR,
    progress: terminalProgress(),
    log,
  });
  const { prompts } = model.config;
  const pipeline = await startEncoding(config, model, metrics, log);
  const { queue, dimensions, description: encoder } = pipeline;
  const cache = createEmbeddingCache({
    dimensions,
    capacityBytes: config.CACHE_BYTES,
    timeToLiveMs: config.CACHE_TTL_MS,
  });
  const backend = new QueuedBackend(queue, cache);
  const textBytesMax = config.MAX_TEXT_BYTES;
  const embeddings = new EmbeddingService({ backend, cache, counts: counts.countsOfThread(0), prompts, textBytesMax });
  const store = openStore(config.DATA_DIR, {
    dimensions,
    fingerprint: vectorFingerprint(model.fingerprint, config.PRECISION),
    modelName: model.name,
  });
  const index = createVectorIndex(dimensions, config.SEARCH_THREADS, config.SEARCH_CODES);
  const documents = createDocuments(config, { model, embeddings, store, index, metrics });
  for (const id of await documents.load())
    log(`Document ${JSON.stringify(id)} is set aside: its stored vector holds NaN or infinity. Index it again.`);
  const documentCount = () => documents.count;
  const described = { modelName: model.name, encoder, documentCount };
  return {
    engine: {
      model: servedModel(config, model, pipeline),
      dimensions,
      embeddings,
      documents,
      healthy: () => pipeline.healthy() && store.healthy,
      stats: () => statsOf({ ...described, kernel: native.kernel, cache, index, counts }),
      retryAfter_s: () => queue.estimatedWait_s,
    },
    ...described,
    encoderMemoryBytes: pipeline.encoderMemoryBytes,
    prompts,
    backend,
    queue,
    cache,
    index,
    async close() {
      await pipeline.close();
      index.close();
      await store.close();
    },
  };
}

async function startEncoding(
  config: Config,
  { dir, config: modelConfig }: ResolvedModel,
  metrics: Metrics,
  log: (line: string) => void,
): Promise<EncodingPipeline> {
  return startPipeline(pipelineOptions(config, await readModel(dir, modelConfig)), {
    log,
    onTokenized: ({ elapsed_ms, truncated }) => {
      metrics.stage('tokenize', elapsed_ms);
      metrics.truncatedTexts(truncated);
    },
    onBatch: (report) => recordBatch(metrics, report),
    onRestart: () => metrics.encoderRestarted(),
  });
}

function recordBatch(metrics: Metrics, { queue_ms, elapsed_ms, tokens, paddingTokens }: BatchReport): void {
  for (const wait_ms of queue_ms) metrics.stage('queue', wait_ms);
  metrics.stage('inference', elapsed_ms);
  metrics.batch(queue_ms.length, tokens, paddingTokens);
}

interface DocumentParts {
  readonly model: ResolvedModel;
  readonly embeddings: EmbeddingService;
  readonly store: DocumentStore;
  readonly index: VectorIndex;
  readonly metrics: Metrics;
}

function createDocuments(config: Config, { model, ...parts }: DocumentParts): DocumentService {
  const capacity = new IndexCapacity({
    store: parts.store,
    index: parts.index,
    documentsMax: config.MAX_DOCUMENTS || Number.POSITIVE_INFINITY,
    bytesMax: config.MAX_INDEX_BYTES || defaultIndexBytes(),
  });
  return new DocumentService({
    ...parts,
    capacity,
    answers: new AnswerBudget(config.ANSWER_BYTES),
    isNormalized: model.config.normalize,
    topKMax: config.MAX_TOP_K,
    metadataBytesMax: config.MAX_METADATA_BYTES,
  });
}

function servedModel(config: Config, { name }: ResolvedModel, pipeline: EncodingPipeline): ServedModel {
  const { dimensions, maxTokens, vocabSize, prefix, suffix } = pipeline;
  // MODEL_DIR names the model by its folder; MODEL, if it is set beside it, says what it is.
  const names = [name, parseModelName(config.MODEL).name];
  const aliases = [...new Set([...names, ...names.map((known) => known.split('/').at(-1) as string)])];
  return { name, aliases, dimensions, maxTokens, vocabSize, prefix, suffix, loaded_s: Math.floor(Date.now() / 1000) };
}
