/** POST /embed, POST /embed/batch. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { CosimoError } from '../errors.ts';
import type { Endpoint } from '../metrics/thread-counts.ts';
import type { EngineHolder } from '../service/engine.ts';
import { answerSignal } from './answer-signal.ts';
import { type Body, EmbeddingsJson, type OtherMembers } from './answers/embeddings-json.ts';
import { sendJson } from './answers/send-json.ts';
import { BODY_ERRORS, EmbedBatchResponse, type EmbedBody, EmbedRequest, EmbedResponse } from './schemas.ts';

/** Texts of up to this many UTF-16 units together are looked up in one turn of the event loop. */
const CHARS_AT_ONCE = 256 * 1024;

type EmbedFastifyRequest = FastifyRequest<{ Body: EmbedBody }>;

export function embedRoutes(app: FastifyInstance, holder: EngineHolder, batchSizeMax: number): void {
  const json = new EmbeddingsJson();

  /** Answers at once when the cache holds every text; otherwise the missing ones are encoded first. */
  function embed(request: EmbedFastifyRequest, reply: FastifyReply, endpoint: Endpoint, tooLarge: string): unknown {
    const { texts, cache } = request.body;
    if (texts.length > batchSizeMax) throw new CosimoError('batch_too_large', tooLarge);
    const body = cache ? cachedJson(texts, endpoint) : undefined;
    if (body === undefined) return encode(request, reply, endpoint);
    holder.counts.request(endpoint);
    // The reply is not returned: Fastify would wait for it.
    send(reply, body);
    return undefined;
  }

  function cachedJson(texts: readonly string[], endpoint: Endpoint): Body | undefined {
    const { embeddings, dimensions } = holder.engine;
    if (texts.length === 0 || !json.isSmall(texts.length, dimensions) || !areShort(texts)) return undefined;
    return json.write(texts.length, dimensions, members(endpoint, dimensions, texts.length), (target, offset) =>
      embeddings.writeCached(texts, target, offset),
    );
  }

  async function encode(request: EmbedFastifyRequest, reply: FastifyReply, endpoint: Endpoint): Promise<FastifyReply> {
    const { texts, cache } = request.body;
    const { embeddings, dimensions } = holder.engine;
    const { vectors, cachedCount } = await embeddings.embed(texts, { cache, signal: answerSignal(reply) });
    const body = await json.of(vectors, members(endpoint, vectors.length === 0 ? 0 : dimensions, cachedCount));
    holder.counts.request(endpoint);
    return send(reply, body);
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

function send(reply: FastifyReply, { body, release }: Body): FastifyReply {
  reply.raw.on('close', release);
  return sendJson(reply, 200, body);
}

/** Whether looking up all texts takes no longer than writing their vectors. */
function areShort(texts: readonly string[]): boolean {
  let chars = 0;
  for (const text of texts) chars += text.length;
  return chars <= CHARS_AT_ONCE;
}

function members(endpoint: Endpoint, dimensions: number, cached_count: number): OtherMembers {
  return endpoint === 'embed' ? { dimensions, cached_count } : { dimensions };
}
