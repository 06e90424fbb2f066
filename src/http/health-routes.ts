/** GET /health, /health/live and /health/ready. */
import type { FastifyInstance } from 'fastify';
import type { EngineHolder } from '../service/engine.ts';
import { sendJson } from './answers/send-json.ts';
import { HealthResponse, LiveResponse } from './schemas.ts';

const RETRY_AFTER_S = 1;

/** They answer without a key and under pressure, since supervisors ask them whether to keep the process. */
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
