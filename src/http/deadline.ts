/** No request takes longer than it may, and no unfinished one holds up closing. */
import type { FastifyInstance } from 'fastify';
import { CosimoError } from '../errors.ts';

/**
 * Answers 503 to a request that has not been answered within `limit_ms`. (Fastify's own `handlerTimeout` ends with the
 * request's stream, which closes as soon as a body has been read.)
 */
export function limitTime(app: FastifyInstance, limit_ms: number): void {
  app.addHook('onRequest', (_request, reply, done) => {
    const timer = setTimeout(() => {
      if (!reply.sent) reply.send(new CosimoError('timed_out'));
    }, limit_ms);
    reply.raw.once('close', () => clearTimeout(timer));
    done();
  });
}

const LOOK_AGAIN_MS = 20;

/** @returns closes the app: lets what has come in whole be answered, and cuts connections that are still sending. */
export function drainOnClose(app: FastifyInstance): () => Promise<void> {
  let answering = 0;
  app.addHook('preHandler', (_request, reply, done) => {
    answering += 1;
    reply.raw.once('close', () => {
      answering -= 1;
    });
    done();
  });
  return async () => {
    const closed = app.close();
    const timer = setInterval(() => {
      if (answering === 0) app.server.closeAllConnections();
    }, LOOK_AGAIN_MS);
    await closed.finally(() => clearInterval(timer));
  };
}
