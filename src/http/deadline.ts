/** Bounds the time of a request, and of closing. */
import type { FastifyInstance, FastifyReply } from 'fastify';
import { CosimoError } from '../errors.ts';
import { stopGathering } from './body/gather-body.ts';

const LOOK_AGAIN_MS = 20;

/**
 * Answers 503 to a request that has not been answered within `limit_ms`. Fastify's own `handlerTimeout` can't do
 * this: it ends as soon as the body has been read.
 *
 * @returns a function that closes the app: it answers the requests that have come in whole, and cuts connections that
 *   are still sending
 */
export function registerDeadline(app: FastifyInstance, limit_ms: number): () => Promise<void> {
  const unanswered = new Unanswered(limit_ms);
  let closing = false;
  app.addHook('onRequest', (_request, reply, done) => {
    if (closing) endConnection(reply);
    unanswered.add(reply);
    reply.raw.on('close', () => unanswered.delete(reply));
    done();
  });
  return async () => {
    closing = true;
    for (const reply of unanswered) endConnection(reply);
    const closed = app.close();
    const timer = setInterval(() => {
      if (![...unanswered].some(cameInWhole)) app.server.closeAllConnections();
    }, LOOK_AGAIN_MS);
    await closed.finally(() => clearInterval(timer));
  };
}

const cameInWhole = ({ request }: FastifyReply) => request.raw.complete;

/** Otherwise closing would wait for the kept-alive connection. */
function endConnection(reply: FastifyReply): void {
  if (!reply.sent) reply.header('connection', 'close');
}

/** Unanswered requests in the order of their deadlines. One timer serves all, since most are answered long before it fires. */
class Unanswered {
  readonly #limit_ms: number;
  readonly #deadlines_ms = new Map<FastifyReply, number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(limit_ms: number) {
    this.#limit_ms = limit_ms;
  }

  add(reply: FastifyReply): void {
    this.#deadlines_ms.set(reply, performance.now() + this.#limit_ms);
    this.#timer ??= this.#wake(this.#limit_ms);
  }

  delete(reply: FastifyReply): void {
    this.#deadlines_ms.delete(reply);
  }

  [Symbol.iterator](): Iterator<FastifyReply> {
    return this.#deadlines_ms.keys();
  }

  #wake(delay_ms: number): NodeJS.Timeout {
    return setTimeout(() => this.#endLate(), Math.ceil(delay_ms)).unref();
  }

  #endLate(): void {
    const now_ms = performance.now();
    for (const [reply, deadline_ms] of this.#deadlines_ms) {
      if (deadline_ms > now_ms) {
        this.#timer = this.#wake(deadline_ms - now_ms);
        return;
      }
      this.#deadlines_ms.delete(reply);
      if (reply.sent) continue;
      stopGathering(reply.request.raw);
      reply.send(new CosimoError('timed_out'));
    }
    this.#timer = undefined;
  }
}
