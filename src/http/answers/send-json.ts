/** How an answer in JSON is sent. */
import type { FastifyReply } from 'fastify';

/** @param json text or UTF-8 bytes. Sent as bytes: Fastify adds a charset to the content type of text, FastAPI has none. */
export function sendJson(reply: FastifyReply, status: number, json: string | Buffer): FastifyReply {
  const bytes = typeof json === 'string' ? Buffer.from(json) : json;
  return reply.code(status).type('application/json').send(bytes);
}

/** Sends the body of every error except the 422: one sentence. */
export function sendDetail(reply: FastifyReply, status: number, detail: string): FastifyReply {
  return sendJson(reply, status, JSON.stringify({ detail }));
}
