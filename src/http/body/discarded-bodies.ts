/**
 * Bodies that are refused before they have come in. A client that still sends does not read: if the connection were closed, it
 * would see that and never the answer. So the rest is read and thrown away, for a while.
 */
import type { IncomingMessage } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isAwaitingContinue } from '../expect-continue.ts';

const discarded = new WeakSet<IncomingMessage>();
/** A client that sends for longer is cut off. */
const DISCARD_MS = 30_000;

export function discardBody(payload: IncomingMessage): void {
  if (isAwaitingContinue(payload)) return; // nothing comes
  discarded.add(payload);
  const timer = setTimeout(() => payload.destroy(), DISCARD_MS).unref();
  const stop = () => clearTimeout(timer);
  payload.once('end', stop).once('close', stop).resume();
}

/** Call it before a refusal is sent: Fastify and Node would close the connection of a body that is being thrown away. */
export function keepConnection(request: FastifyRequest, reply: FastifyReply): void {
  if (!discarded.has(request.raw)) return;
  reply.removeHeader('connection');
  reply.raw.shouldKeepAlive = true;
}
