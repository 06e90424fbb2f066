/** GET /stats and /metrics. `service/stats.ts` makes the body of /stats. */
import type { FastifyInstance } from 'fastify';
import type { EngineHolder } from '../service/engine.ts';
import { sendJson } from './answers/send-json.ts';
import { StatsResponse } from './schemas.ts';

/** An answer of /metrics. */
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
