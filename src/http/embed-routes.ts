/** POST /embed, POST /embed/batch. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { CosimoError } from '../errors.ts';
import type { Endpoint, EngineHolder } from '../service/engine.ts';
import { answerSignal } from './answer-signal.ts';
import { sendJson } from './error-handler.ts';
import { embeddingsJson } from './json-parts.ts';
import { BODY_ERRORS, EmbedBatchResponse, type EmbedBody, EmbedRequest, EmbedResponse } from './schemas.ts';

export function embedRoutes(app: FastifyInstance, holder: EngineHolder, batchSizeMax: number): void {
  async function embed(
    request: FastifyRequest<{ Body: EmbedBody }>,
    reply: FastifyReply,
    endpoint: Endpoint,
    tooLarge: string,
  ) {
    const { texts, cache } = request.body;
    if (texts.length > batchSizeMax) throw new CosimoError('batch_too_large', tooLarge);
    const { embeddings, dimensions } = holder.engine;
    const { vectors, cachedCount } = await embeddings.embed(texts, { cache, signal: answerSignal(reply) });
    holder.requests[endpoint] += 1;
    const counts = { dimensions: vectors.length === 0 ? 0 : dimensions };
    return sendJson(
      reply,
      200,
      await embeddingsJson(vectors, endpoint === 'embed' ? { ...counts, cached_count: cachedCount } : counts),
    );
  }

  app.post<{ Body: EmbedBody }>(
    '/embed',
    {
      schema: { summary: 'Embed texts', body: EmbedRequest, response: { 200: EmbedResponse, ...BODY_ERRORS } },
    },
    (request, reply) => embed(request, reply, 'embed', `Maximum batch size is ${batchSizeMax}`),
  );
  app.post<{ Body: EmbedBody }>(
    '/embed/batch',
    {
      schema: {
        summary: 'Embed texts, without the cached count',
        body: EmbedRequest,
        response: { 200: EmbedBatchResponse, ...BODY_ERRORS },
      },
    },
    (request, reply) => embed(request, reply, 'batch', 'Batch too large'),
  );
}
