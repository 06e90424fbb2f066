/** Puts the service together: HTTP, the engine that answers it, and metrics of both. */
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { buildApp } from './app.ts';
import type { Config } from './config.ts';
import { engineHandlers } from './http-threads/engine-rpc-server.ts';
import { HttpThreads } from './http-threads/http-threads.ts';
import { registerCacheMetrics } from './metrics/cache-metrics.ts';
import { registerHttpMetrics } from './metrics/http-metrics.ts';
import { registerIndexMetrics } from './metrics/index-metrics.ts';
import { Metrics } from './metrics/metrics.ts';
import { ProcessCounts } from './metrics/thread-counts.ts';
import { EngineHolder } from './service/engine.ts';
import { type RunningEngine, startEngine } from './start-engine.ts';

/** The whole service, as the process runs it. */
export interface Service {
  /** @returns where it can be reached */
  readonly listen: () => Promise<string>;
  /** Finds the model and loads it. Until then every call that needs the model, /health and /health/ready are 503. */
  readonly load: () => Promise<RunningEngine>;
  /** Refuses new requests, lets running ones end, closes every part. */
  readonly close: () => Promise<void>;
}

/** One event loop, in this thread. Tests drive its `app`. */
export interface LocalService extends Service {
  readonly app: FastifyInstance;
}

/** Several event loops, each in a thread of its own. */
export interface ThreadedService extends Service {
  readonly threads: HttpThreads;
}

export async function createService(config: Config, logger: Logger): Promise<LocalService> {
  const counts = new ProcessCounts(1);
  const holder = new EngineHolder(counts.countsOfThread(0));
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

/** HTTP runs in `count` threads; this thread has the engine. Requests on other threads don't wait while one is parsed. */
export async function createThreadedService(config: Config, count: number, logger: Logger): Promise<ThreadedService> {
  const counts = new ProcessCounts(count + 1);
  const holder = new EngineHolder(counts.countsOfThread(0));
  let running: RunningEngine | undefined;
  const metrics = createMetrics(holder, () => running);
  const handlers = engineHandlers(holder, () => running, metrics.registry);
  const threads = new HttpThreads({ config, count, counts, handlers, log: (line) => logger.warn(line) });
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
      await threads.close(); // the threads first: requests that they have accepted still need the engine
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
