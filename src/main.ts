/** The process: settings, wiring, listen, graceful close. The only file that builds concrete parts. */
import closeWithGrace from 'close-with-grace';
import type { FastifyInstance } from 'fastify';
import { type Logger, pino } from 'pino';
import { buildApp } from './app.ts';
import { createEmbeddingCache } from './cache/embedding-cache.ts';
import { type Config, loadConfig, settingsHelp } from './config.ts';
import { BatchQueue, type BatchReport } from './encoder/batch-queue.ts';
import { SupervisedEncoder } from './encoder/supervised-encoder.ts';
import { errorCodeOf } from './errors.ts';
import { registerIndexMetrics } from './index/index-metrics.ts';
import { defaultIndexBytes } from './index/memory-limit.ts';
import { createVectorIndex } from './index/vector-index.ts';
import { Metrics } from './metrics.ts';
import { terminalProgress } from './model/progress.ts';
import { type ResolvedModel, resolveModel } from './model/resolve-model.ts';
import { native } from './native/binding.ts';
import { EmbeddingService } from './service/embedding-service.ts';
import { type Engine, EngineHolder } from './service/engine.ts';
import { IndexCapacity } from './service/index-capacity.ts';
import { SearchService } from './service/search-service.ts';
import type { DocumentStore } from './store/document-store.ts';
import { LmdbStore } from './store/lmdb-store.ts';
import { MemoryStore } from './store/memory-store.ts';

const CLOSE_TIMEOUT_MS = 10_000;
const SAME_WISH_MS = 1000;

/** The whole service, as the process runs it and as tests drive it. */
export interface Service {
  readonly app: FastifyInstance;
  /** Finds the model and loads it; until then everything but /health is 503. */
  readonly load: () => Promise<Engine>;
  /** Refuses what is new, lets what runs end, closes every part. */
  readonly close: () => Promise<void>;
}

interface RunningEngine {
  readonly engine: Engine;
  readonly queue: BatchQueue;
  readonly close: () => Promise<void>;
}

async function main(): Promise<void> {
  if (process.argv.includes('--help')) return void process.stdout.write(settingsHelp());
  const config = loadConfig(process.env);
  const logger = createLogger(config);
  const { app, load, close } = await createService(config, logger);
  closeOnSignal(close, logger);
  // The port opens first: whoever asks learns that the model is loading.
  await app.listen({ host: config.HOST, port: config.PORT });
  announce(app.listeningOrigin, await load());
}

function closeOnSignal(close: () => Promise<void>, logger: Logger): void {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const grace = closeWithGrace({ delay: CLOSE_TIMEOUT_MS, logger, skip: [...signals] }, async ({ err }) => {
    if (err) logger.fatal({ err }, 'unexpected error');
    await close();
  });
  let asked_ms: number | undefined;
  for (const signal of signals) {
    process.on(signal, () => {
      // One wish may come twice, from a terminal or service manager and again through npm; a later signal is another wish.
      if (asked_ms !== undefined && performance.now() - asked_ms > SAME_WISH_MS) process.exit(1);
      if (asked_ms === undefined) void grace.close();
      asked_ms ??= performance.now();
    });
  }
}

export async function createService(config: Config, logger: Logger): Promise<Service> {
  const holder = new EngineHolder();
  let running: RunningEngine | undefined;
  const metrics = new Metrics({
    ready: () => holder.ready,
    documents: () => running?.engine.search.documents ?? 0,
    cache_entries: () => running?.engine.cache.size ?? 0,
    cache_bytes: () => running?.engine.cache.memoryBytes ?? 0,
    queue_texts: () => running?.queue.texts ?? 0,
    queue_bytes: () => running?.queue.bytes ?? 0,
  });
  registerIndexMetrics(metrics.registry, () => running?.engine.index.statistics());
  const { fastify, close } = await buildApp({ config, holder, metrics, logger });
  return {
    app: fastify,
    async load() {
      running = await startEngine(config, metrics, logger);
      holder.serve(running.engine);
      return running.engine;
    },
    async close() {
      holder.close();
      await close();
      await running?.close();
    },
  };
}

function createLogger(config: Config): Logger {
  const options = { level: config.LOG_LEVEL, base: null };
  if (!process.stdout.isTTY) return pino(options);
  return pino({
    ...options,
    transport: { target: 'pino-pretty', options: { ignore: 'time,hostname,pid', singleLine: true } },
  });
}

async function startEngine(config: Config, metrics: Metrics, logger: Logger): Promise<RunningEngine> {
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
  const { dimensions } = encoder;
  const cache = createEmbeddingCache(dimensions, config.CACHE_BYTES);
  const embeddings = new EmbeddingService({ queue, cache, metrics, textBytesMax: config.MAX_TEXT_BYTES });
  const store = openStore(config, model, dimensions);
  const index = createVectorIndex(dimensions, config.SEARCH_THREADS, config.SEARCH_CODES);
  const capacity = new IndexCapacity({
    store,
    index,
    documentsMax: config.MAX_DOCUMENTS || Number.POSITIVE_INFINITY,
    bytesMax: config.MAX_INDEX_BYTES || defaultIndexBytes(),
  });
  const limits = { topKMax: config.MAX_TOP_K, metadataBytesMax: config.MAX_METADATA_BYTES };
  const search = new SearchService({ embeddings, index, store, capacity, metrics, ...limits });
  await search.load();
  const healthy = () => encoder.healthy;
  return {
    engine: {
      modelName: model.name,
      encoder: encoder.description,
      dimensions,
      embeddings,
      search,
      cache,
      index,
      healthy,
    },
    queue,
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

/** For the person who started it: plain lines to copy from, whatever the log's format. */
function announce(address: string, engine: Engine): void {
  const json = "-H 'content-type: application/json'";
  const lines = [
    `${engine.modelName} on ${engine.encoder}; search kernel ${native.kernel}; documents: ${engine.search.documents}`,
    `Cosimo serves on ${address}, documentation at ${address}/docs. Try:`,
    `  curl ${address}/index ${json} -d '{"id": "python", "text": "Python is a programming language"}'`,
    `  curl ${address}/search ${json} -d '{"query": "programming languages", "threshold": 0.3}'`,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

function fail(error: Error & { code?: string }): void {
  // What Cosimo raises on purpose is a sentence for the person who started it; anything else wants its stack.
  const expected = errorCodeOf(error) !== undefined || error.code === 'EADDRINUSE' || error.code === 'EACCES';
  console.error(expected ? `cosimo: ${error.message}` : error);
  process.exit(1);
}

if (import.meta.main) main().catch(fail);
