/** A signal for work that only an answer needs. */
import type { FastifyReply } from 'fastify';

/**
 * Aborts once nobody waits for the answer: it was sent, its time is up, or the client has gone. Fastify's own
 * `request.signal` can't do this: it aborts as soon as the body has been read.
 */
export function answerSignal(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  reply.raw.once('close', () => controller.abort());
  return controller.signal;
}
