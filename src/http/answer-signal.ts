import type { FastifyReply } from 'fastify';

/**
 * Fires once nobody waits for the answer any more: it was sent, timed out, or the client has gone. (Fastify's own
 * `request.signal` follows the request's stream, which closes as soon as a body has been read.)
 */
export function answerSignal(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  reply.raw.once('close', () => controller.abort());
  return controller.signal;
}
