/** Answers bytes that are not HTTP, in the form of every other error, and ends the connection. */
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { isDiscarding } from './body/discarded-bodies.ts';

const STATUS: Readonly<Record<string, number>> = { HPE_HEADER_OVERFLOW: 431, ERR_HTTP_REQUEST_TIMEOUT: 408 };
const SENTENCES: Readonly<Record<number, string>> = {
  400: 'This is not an HTTP request',
  408: 'The request did not arrive in time',
  431: 'The request target and headers are larger than 16 KiB',
};

/** Fastify's `clientErrorHandler`. */
export function answerProtocolError(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable || isDiscarding(socket)) return void socket.destroy();
  const status = STATUS[error.code ?? ''] ?? 400;
  const body = JSON.stringify({ detail: SENTENCES[status] });
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'content-type: application/json',
    `content-length: ${body.length}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
