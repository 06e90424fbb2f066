import type { FastifyReply } from 'fastify';

/**
 * Fires once nobody waits for the answer any more: it was sent, its time is up, or the client has gone. Fastify's own
 * `request.signal` is of no use here: it fires as soon as the body has been read.
 */
export function answerSignal(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  reply.raw.once('close', () => controller.abort());
  return controller.signal;
}
