/**
 * Bodies that are refused before they have come in. A client that still sends does not read: if the connection were closed, it
 * would see that and never the answer. So the rest is read and thrown away, for a while.
 */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isAwaitingContinue } from '../expect-continue.ts';

const discarded = new WeakSet<IncomingMessage>();
/** Connections on which such a body still comes in. */
const discarding = new WeakSet<Socket>();
/** A client that sends for longer is cut off. */
const DISCARD_MS = 30_000;

export function discardBody(payload: IncomingMessage): void {
  if (isAwaitingContinue(payload)) return; // nothing comes
  discarded.add(payload);
  const timer = setTimeout(() => payload.destroy(), DISCARD_MS).unref();
  const { socket } = payload;
  discarding.add(socket);
  const stop = () => {
    clearTimeout(timer);
    discarding.delete(socket);
  };
  payload.once('end', stop).once('close', stop).resume();
}

/** Whether the request that comes in on a connection has been answered already. */
export const isDiscarding = (socket: Socket): boolean => discarding.has(socket);

/**
 * Call it before a refusal is sent. If the body is being thrown away, the connection stays open until it has come in: Fastify and
 * Node would close it at once.
 */
export function keepWhileDiscarding({ raw: request }: FastifyRequest, reply: FastifyReply): void {
  if (!discarded.has(request)) return;
  reply.removeHeader('connection');
  reply.raw.shouldKeepAlive = true;
  if (!wantsClose(request)) return;
  reply.raw.once('finish', () => {
    if (request.complete) request.socket.end();
    else request.once('end', () => request.socket.end());
  });
}

/** The client has no further request for this connection, and may read until it ends. */
const wantsClose = ({ httpVersion, headers: { connection = '' } }: IncomingMessage) =>
  /\bclose\b/i.test(connection) || (httpVersion === '1.0' && !/\bkeep-alive\b/i.test(connection));
