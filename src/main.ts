/** The process: settings, wiring, listen, graceful close. It and `start-engine.ts` alone build concrete parts. */
import closeWithGrace from 'close-with-grace';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { buildApp } from './app.ts';
import { type Config, httpThreads, loadConfig, settingsHelp } from './config.ts';
import { errorCodeOf } from './errors.ts';
import { engineHandlers } from './http-threads/engine-handlers.ts';
import { HttpThreads } from './http-threads/http-threads.ts';
import { createLogger } from './logger.ts';
import { registerCacheMetrics } from './metrics/cache-metrics.ts';
import { registerHttpMetrics } from './metrics/http-metrics.ts';
import { registerIndexMetrics } from './metrics/index-metrics.ts';
import { Metrics } from './metrics/metrics.ts';
import { ProcessCounts } from './metrics/thread-counts.ts';
import { native } from './native/binding.ts';
import { EngineHolder } from './service/engine.ts';
import { type RunningEngine, startEngine } from './start-engine.ts';

const CLOSE_TIMEOUT_MS = 10_000;
const SAME_WISH_MS = 1000;

/** The whole service, as the process runs it. */
export interface Service {
  /** @returns where it can be reached */
  readonly listen: () => Promise<string>;
  /** Finds the model and loads it; until then everything but /health is 503. */
  readonly load: () => Promise<RunningEngine>;
  /** Refuses what is new, lets what runs end, closes every part. */
  readonly close: () => Promise<void>;
}

/** With its one event loop in this thread, as tests drive it. */
export interface LocalService extends Service {
  readonly app: FastifyInstance;
}

/** With event loops in threads of their own. */
export interface ThreadedService extends Service {
  readonly threads: HttpThreads;
}

async function main(): Promise<void> {
  if (process.argv.includes('--help')) return void process.stdout.write(settingsHelp());
  const config = loadConfig(process.env);
  const logger = createLogger(config);
  const threads = httpThreads(config);
  const service = threads === 1 ? createService(config, logger) : createThreadedService(config, threads, logger);
  const { listen, load, close } = await service;
  closeOnSignal(close, logger);
  // The port opens first: whoever asks learns that the model is loading.
  const origin = await listen();
  logger.info(`Server listening at ${origin}`);
  announce(origin, await load());
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

export async function createService(config: Config, logger: Logger): Promise<LocalService> {
  const counts = new ProcessCounts(1);
  const holder = new EngineHolder(counts.ofThread(0));
  let running: RunningEngine | undefined;
  const metrics = createMetrics(holder, () => running);
  const { fastify, routes, close } = await buildApp({
    config,
    holder,
    logger,
    metrics: async () => ({ contentType: metrics.registry.contentType, text: await metrics.registry.metrics() }),
  });
  registerHttpMetrics(metrics.registry, counts, routes);
  return {
    app: fastify,
    listen: () => fastify.listen({ host: config.HOST, port: config.PORT }).then(() => fastify.listeningOrigin),
    async load() {
      running = await startEngine(config, { metrics, counts, logger });
      holder.serve(running.engine);
      return running;
    },
    async close() {
      holder.close();
      await close();
      await running?.close();
    },
  };
}

/** With event loops in threads of their own. This one has the engine, and no request waits for another's parsing. */
export async function createThreadedService(config: Config, count: number, logger: Logger): Promise<ThreadedService> {
  const counts = new ProcessCounts(count + 1);
  const holder = new EngineHolder(counts.ofThread(0));
  let running: RunningEngine | undefined;
  const metrics = createMetrics(holder, () => running);
  const handlers = engineHandlers(holder, () => running, metrics.registry);
  const log = (line: string) => logger.warn(line);
  const threads = new HttpThreads({ config, count, counts, handlers, log });
  return {
    threads,
    async listen() {
      registerHttpMetrics(metrics.registry, counts, await threads.listen());
      return threads.origin;
    },
    async load() {
      running = await startEngine(config, { metrics, counts, logger });
      holder.serve(running.engine);
      threads.serve({ model: running.engine.model, prompts: running.prompts, cache: running.cache.share() });
      return running;
    },
    async close() {
      await threads.close(); // each refuses what is new, and what it has accepted still needs the engine
      holder.close();
      await running?.close();
    },
  };
}

function createMetrics(holder: EngineHolder, running: () => RunningEngine | undefined): Metrics {
  const metrics = new Metrics({
    ready: () => holder.isReady(),
    documents: () => running()?.documentCount() ?? 0,
    queue_texts: () => running()?.queue.texts ?? 0,
    queue_tokens: () => running()?.queue.tokens ?? 0,
    queue_bytes: () => running()?.queue.bytes ?? 0,
    encoder_memory_bytes: () => running()?.encoderMemoryBytes() ?? 0,
  });
  registerIndexMetrics(metrics.registry, () => running()?.index.statistics());
  registerCacheMetrics(metrics.registry, () => running()?.cache.statistics());
  return metrics;
}

/** For the person who started it: plain lines to copy from, whatever the log's format. */
function announce(address: string, { modelName, encoder, documentCount }: RunningEngine): void {
  const json = "-H 'content-type: application/json'";
  const lines = [
    `${modelName} on ${encoder}; search kernel ${native.kernel}; documents: ${documentCount()}`,
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
