/** GET /health, /health/live, /health/ready; GET /stats and /metrics. */
import type { FastifyInstance } from 'fastify';
import type { Metrics } from '../metrics.ts';
import { native } from '../native/binding.ts';
import type { Engine, EngineHolder } from '../service/engine.ts';
import { sendJson } from './error-handler.ts';
import { HealthResponse, LiveResponse, StatsResponse } from './schemas.ts';

const RETRY_AFTER_S = 1;

/** Health answers without a key and under pressure: its askers decide whether the process lives. */
export function healthRoutes(app: FastifyInstance, holder: EngineHolder): void {
  app.get(
    '/health',
    { schema: { summary: 'Is the model loaded', response: { 200: HealthResponse, 503: HealthResponse } } },
    (_request, reply) => {
      if (holder.loaded) return sendJson(reply, 200, JSON.stringify({ status: 'healthy', model_loaded: true }));
      return sendJson(
        reply.header('retry-after', RETRY_AFTER_S),
        503,
        JSON.stringify({ status: 'loading', model_loaded: false }),
      );
    },
  );
  app.get(
    '/health/live',
    { schema: { summary: 'Is the process up', response: { 200: LiveResponse } } },
    (_request, reply) => sendJson(reply, 200, JSON.stringify({ status: 'live' })),
  );
  app.get(
    '/health/ready',
    { schema: { summary: 'Can it serve', response: { 200: LiveResponse, 503: LiveResponse } } },
    (_request, reply) => {
      if (holder.ready) return sendJson(reply, 200, JSON.stringify({ status: 'ready' }));
      return sendJson(
        reply.header('retry-after', RETRY_AFTER_S),
        503,
        JSON.stringify({ status: holder.closing ? 'closing' : 'not ready' }),
      );
    },
  );
}

export function statsRoutes(app: FastifyInstance, holder: EngineHolder, metrics: Metrics): void {
  app.get('/stats', { schema: { summary: 'Counts', response: { 200: StatsResponse } } }, async (_request, reply) => {
    const { engine } = holder;
    const { hits, misses } = engine.embeddings.lookups;
    const lookups = hits + misses;
    const stats = {
      model: engine.modelName,
      index: indexStats(engine),
      requests: holder.requests,
      cache: {
        ...{ hits, misses, hit_rate: lookups === 0 ? 0 : hits / lookups },
        ...{
          entries: engine.cache.size,
          memory_bytes: engine.cache.memoryBytes,
          capacity_bytes: engine.cache.capacityBytes,
        },
      },
      encoder: engine.encoder,
    };
    return sendJson(reply, 200, JSON.stringify(stats));
  });
  app.get(
    '/metrics',
    { schema: { summary: 'Prometheus metrics', produces: ['text/plain'] } },
    async (_request, reply) =>
      reply.header('content-type', metrics.registry.contentType).send(await metrics.registry.metrics()),
  );
}

function indexStats({ search, index }: Engine): object {
  const { memoryBytes, rowBytes, deadRows, scan, planeRows, planeRowsPassed } = index.statistics();
  return {
    documents: search.documents,
    memory_bytes: memoryBytes,
    row_bytes: rowBytes,
    dead_rows: deadRows,
    kernel: native.kernel,
    scan,
    plane_pass_share: planeRows === 0 ? 0 : planeRowsPassed / planeRows,
  };
}
