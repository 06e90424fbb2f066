/** GET /health, /health/live, /health/ready; GET /stats and /metrics. */
import type { FastifyInstance } from 'fastify';
import type { EngineHolder } from '../service/engine.ts';
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
    async (_request, reply) => {
      if (await holder.isReady()) return sendJson(reply, 200, JSON.stringify({ status: 'ready' }));
      return sendJson(
        reply.header('retry-after', RETRY_AFTER_S),
        503,
        JSON.stringify({ status: holder.closing ? 'closing' : 'not ready' }),
      );
    },
  );
}

export interface MetricsText {
  readonly contentType: string;
  readonly text: string;
}

export function statsRoutes(app: FastifyInstance, holder: EngineHolder, metrics: () => Promise<MetricsText>): void {
  app.get('/stats', { schema: { summary: 'Counts', response: { 200: StatsResponse } } }, async (_request, reply) =>
    sendJson(reply, 200, JSON.stringify(await holder.engine.stats())),
  );
  app.get(
    '/metrics',
    { schema: { summary: 'Prometheus metrics', produces: ['text/plain'] } },
    async (_request, reply) => {
      const { contentType, text } = await metrics();
      return reply.header('content-type', contentType).send(text);
    },
  );
}
