/** Turns errors into status and body in FastAPI's form. /v1 uses openai/errors.ts. */
import type { FastifyBaseLogger, FastifyError, FastifyInstance, FastifyReply } from 'fastify';
import { ERROR_SENTENCES, type ErrorCode, errorCodeOf } from '../errors.ts';
import { sendDetail, sendJson } from './answers/send-json.ts';
import { keepWhileDiscarding } from './body/discarded-bodies.ts';
import { UnreadableBody } from './body/read-body.ts';
import { ValidationFaults } from './body/validation-faults.ts';

const STATUS: Readonly<Partial<Record<ErrorCode, number>>> = {
  batch_too_large: 400,
  document_not_found: 404,
  text_too_large: 413,
  metadata_too_large: 413,
  queue_full: 429,
  cancelled: 503,
  closed: 503,
  encoder_lost: 503,
  model_not_ready: 503,
  timed_out: 503,
  out_of_memory: 503,
  store_failed: 503,
  index_full: 507,
  store_full: 507,
};

/** Statuses from 500 on that are refusals, not internal errors: they are not logged. */
const EXPECTED: ReadonlySet<number> = new Set([503, 507]);

const UNAUTHORIZED = 'Send the API key in the header Authorization: Bearer KEY';

/** Our sentences for the errors of Fastify and its plugins. */
const FRAMEWORK_SENTENCES: Readonly<Record<string, string>> = {
  FST_ERR_CTP_BODY_TOO_LARGE:
    'The request body is larger than the limit allows; send less at once or raise MAX_BODY_BYTES',
  FST_BEARER_AUTH_INVALID_AUTHORIZATION_HEADER: UNAUTHORIZED,
  FST_BEARER_AUTH_MISSING_AUTHORIZATION_HEADER: UNAUTHORIZED,
  FST_UNDER_PRESSURE: 'The service is under pressure; try again later',
};

/**
 * @param retryAfter_s called when a refusal does not say when the client should try again
 * @param logger gets internal errors; without a logger nothing is logged
 */
export function installErrorHandler(
  app: FastifyInstance,
  retryAfter_s: () => number,
  logger: FastifyBaseLogger | undefined,
): void {
  app.setErrorHandler((error: FastifyError, request, reply) => {
    if (error instanceof ValidationFaults) return sendJson(reply, 422, error.toJson());
    if (error instanceof UnreadableBody) return sendDetail(reply, 400, error.message);
    const { status, sentence } = describeError(error);
    if (isFaultOfOurs(status, error)) logger?.error({ reqId: request.id, err: error }, 'request failed');
    if (status === 401) reply.header('www-authenticate', 'Bearer');
    keepWhileDiscarding(request, reply);
    setRetryAfter(reply, status, error, retryAfter_s);
    return sendDetail(reply, status, sentence);
  });
}

/** Whether the operator should learn of it: internal errors, and a store that can't write. */
export function isFaultOfOurs(status: number, error: Error): boolean {
  const code = errorCodeOf(error);
  return (status >= 500 && !EXPECTED.has(status)) || code === 'store_failed' || code === 'store_full';
}

/** Tells a refused client when to try again, unless the answer says so already. */
export function setRetryAfter(reply: FastifyReply, status: number, error: Error, retryAfter_s: () => number): void {
  if ((status !== 429 && status !== 503) || reply.hasHeader('retry-after')) return;
  reply.header('retry-after', (error as { retryAfter_s?: number }).retryAfter_s ?? retryAfter_s());
}

/** What a client learns of an error. Internal errors reveal nothing. */
export function describeError(error: FastifyError): { status: number; sentence: string } {
  const code = errorCodeOf(error);
  const status = code === undefined ? (error.statusCode ?? 500) : (STATUS[code] ?? 500);
  if (status === 500) return { status, sentence: 'Internal Server Error' };
  return {
    status,
    sentence: FRAMEWORK_SENTENCES[error.code] ?? (error.message || (code ? ERROR_SENTENCES[code] : 'Error')),
  };
}
