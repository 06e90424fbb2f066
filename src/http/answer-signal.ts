/** A signal for work that only an answer needs. */
import type { FastifyInstance, FastifyReply } from 'fastify';

const closedReplies = new WeakSet<FastifyReply>();
const controllers = new WeakMap<FastifyReply, AbortController>();

/** Notes from the first moment of a request on when nobody waits for its answer any more. */
export function registerAnswerSignals(app: FastifyInstance): void {
  app.addHook('onRequest', (_request, reply, done) => {
    reply.raw.once('close', () => {
      closedReplies.add(reply);
      controllers.get(reply)?.abort();
    });
    done();
  });
}

/**
 * Aborts once nobody waits for the answer: it was sent, its time is up, or the client has gone. It may be aborted already. Fastify's
 * own `request.signal` can't do this: it aborts as soon as the body has been read.
 * @returns the same signal each time
 */
export function answerSignal(reply: FastifyReply): AbortSignal {
  let controller = controllers.get(reply);
  if (controller === undefined) {
    controller = new AbortController();
    controllers.set(reply, controller);
    if (closedReplies.has(reply)) controller.abort();
  }
  return controller.signal;
}
