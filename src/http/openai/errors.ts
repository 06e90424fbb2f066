/** Errors of the calls under /v1, in the shape that OpenAI's clients read. */
import type { FastifyBaseLogger, FastifyError, FastifyInstance, FastifyReply } from 'fastify';
import { sendJson } from '../answers/send-json.ts';
import { keepWhileDiscarding } from '../body/discarded-bodies.ts';
import { UnreadableBody } from '../body/read-body.ts';
import { type FirstFault, ValidationFaults } from '../body/validation-faults.ts';
import { describeError, isFaultOfOurs, setRetryAfter } from '../error-handler.ts';
import type { UnmatchedAnswers } from '../unmatched-requests.ts';

/** A refusal with a status, a parameter and a code of its own. */
export class OpenAiRefusal extends Error {
  readonly status: number;
  readonly param: string | null;
  readonly openAiCode: string | null;

  constructor(status: number, message: string, param: string | null, openAiCode: string | null = null) {
    super(message);
    this.status = status;
    this.param = param;
    this.openAiCode = openAiCode;
  }
}

/** Installs the error handler of the routes in `app`'s scope. */
export function answerOpenAiErrors(
  app: FastifyInstance,
  retryAfter_s: () => number,
  logger: FastifyBaseLogger | undefined,
): void {
  app.setErrorHandler((error: FastifyError, request, reply) => {
    if (error instanceof OpenAiRefusal) return sendError(reply, error.status, error);
    if (error instanceof UnreadableBody) return sendError(reply, 400, { message: error.message });
    if (error instanceof ValidationFaults) return sendFault(reply, error.first);
    const { status, sentence } = describeError(error);
    if (isFaultOfOurs(status, error)) logger?.error({ reqId: request.id, err: error }, 'request failed');
    keepWhileDiscarding(request, reply);
    setRetryAfter(reply, status, error, retryAfter_s);
    return sendError(reply, status, { message: sentence, openAiCode: CODES[status] ?? null });
  });
}

const CODES: Readonly<Record<number, string>> = { 401: 'invalid_api_key', 429: 'rate_limit_exceeded' };

function typeOf(status: number): string {
  if (status === 429) return 'rate_limit_error';
  return status >= 500 ? 'server_error' : 'invalid_request_error';
}

interface ErrorParts {
  readonly message: string;
  readonly param?: string | null;
  readonly openAiCode?: string | null;
}

function sendError(reply: FastifyReply, status: number, { message, param, openAiCode }: ErrorParts): FastifyReply {
  const error = { message, type: typeOf(status), param: param ?? null, code: openAiCode ?? null };
  return sendJson(reply, status, JSON.stringify({ error }));
}

/** Whether clients expect OpenAI's errors of a path, also where there is no such call. */
export function isOpenAiPath(url: string): boolean {
  return /^\/v1(?:[/?]|$)/.test(url);
}

/** What no route takes, in OpenAI's form. */
export const OPENAI_ANSWERS: UnmatchedAnswers = {
  unknownPath: (reply) => {
    const { method, url } = reply.request;
    const message = `There is no call ${method} ${pathOf(url)} here.`;
    sendError(reply, 404, { message, openAiCode: 'unknown_url' });
  },
  wrongMethod: (reply) => {
    const { method, url } = reply.request;
    sendError(reply, 405, { message: `${pathOf(url)} does not take ${method}.`, openAiCode: 'method_not_supported' });
  },
};

const pathOf = (url: string) => url.split('?', 1)[0];

/** OpenAI's API names one fault and its parameter. */
function sendFault(reply: FastifyReply, { loc, msg }: FirstFault): FastifyReply {
  const param = loc.length > 1 ? loc.at(-1) : null; // a number is where malformed JSON breaks off
  return sendError(reply, 400, { message: msg, param: typeof param === 'string' ? param : null });
}
