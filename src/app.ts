/** The HTTP service as a Fastify instance that does not listen yet. */
import { readFileSync } from 'node:fs';
import Fastify, { type FastifyBaseLogger, type FastifyInstance } from 'fastify';
import { type Config, trustedProxies } from './config.ts';
import { registerAnswerSignals } from './http/answer-signal.ts';
import { registerBodyParsers } from './http/body/register-body-parsers.ts';
import { registerDeadline } from './http/deadline.ts';
import { documentRoutes } from './http/document-routes.ts';
import { describeRoutes } from './http/documentation.ts';
import { embedRoutes } from './http/embed-routes.ts';
import { installErrorHandler } from './http/error-handler.ts';
import { DeferredContinue } from './http/expect-continue.ts';
import { type CountRequest, guardRoutes } from './http/guards.ts';
import { healthRoutes } from './http/health-routes.ts';
import { answerOpenAiErrors, isOpenAiPath, OPENAI_ANSWERS } from './http/openai/errors.ts';
import { openAiRoutes } from './http/openai/routes.ts';
import { answerProtocolError } from './http/protocol-errors.ts';
import { normalizeTarget } from './http/request-target.ts';
import { type MetricsText, statsRoutes } from './http/stats-routes.ts';
import { answerUnmatched, FASTAPI_ANSWERS } from './http/unmatched-requests.ts';
import { UNKNOWN_ROUTE } from './metrics/http-metrics.ts';
import type { ThreadCounts } from './metrics/thread-counts.ts';
import type { EngineHolder } from './service/engine.ts';

export interface AppParts {
  readonly config: Config;
  readonly holder: EngineHolder;
  /** The body of /metrics and its content type. */
  readonly metrics: () => Promise<MetricsText>;
  /** Counts a request for RATE_LIMIT where several threads serve. Without it this thread counts alone. */
  readonly countRequest?: CountRequest;
  /** Nothing is logged without a logger. */
  readonly logger?: FastifyBaseLogger;
}

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};
/** Room for an id of 512 percent-encoded bytes and for longer ones, so that those are answered 404 as unknown documents. */
const PARAMETER_CHARS_MAX = 16_384;
const IDLE_MARGIN_MS = 5000;

export interface App {
  readonly fastify: FastifyInstance;
  /** In the order of the counts in `ThreadCounts`. */
  readonly routes: readonly string[];
  /** Answers the requests that have come in whole, cuts connections that are still sending, then closes. */
  readonly close: () => Promise<void>;
}

export async function buildApp({ config, holder, metrics, countRequest, logger }: AppParts): Promise<App> {
  const proxies = trustedProxies(config);
  const app = Fastify({
    // The error handlers log by `logger`. Fastify's own would make a child logger for each request.
    logger: false,
    trustProxy: proxies.length > 0 ? proxies : false,
    bodyLimit: config.MAX_BODY_BYTES,
    requestTimeout: config.REQUEST_TIMEOUT_MS,
    // Drops connections of clients that do not read, later than any answer can come.
    connectionTimeout: config.REQUEST_TIMEOUT_MS + IDLE_MARGIN_MS,
    clientErrorHandler: answerProtocolError,
    http: { ServerResponse: DeferredContinue },
    exposeHeadRoutes: false,
    return503OnClosing: false,
    routerOptions: { maxParamLength: PARAMETER_CHARS_MAX },
    rewriteUrl: (request) => normalizeTarget(request.url ?? '/'),
  });
  registerAnswerSignals(app);
  const close = registerDeadline(app, config.REQUEST_TIMEOUT_MS);
  registerBodyParsers(app, config);
  installErrorHandler(app, () => holder.retryAfter_s, logger);
  const addOtherMethods = answerUnmatched(app, (url) => (isOpenAiPath(url) ? OPENAI_ANSWERS : FASTAPI_ANSWERS));
  const routes = countAnswers(app, holder.counts);
  await describeRoutes(app, version);
  healthRoutes(app, holder);
  await app.register(async (work) => {
    await guardRoutes(work, config, countRequest);
    await work.register(async (openAi) => {
      answerOpenAiErrors(openAi, () => holder.retryAfter_s, logger);
      openAiRoutes(openAi, holder, { inputsMax: config.MAX_OPENAI_INPUTS, batchSizeMax: config.MAX_BATCH_SIZE });
    });
    embedRoutes(work, holder, config.MAX_BATCH_SIZE);
    documentRoutes(work, holder);
    statsRoutes(work, holder, metrics);
  });
  addOtherMethods();
  return { fastify: app, routes, close };
}

/** @returns the routes; each is appended as it is added */
function countAnswers(app: FastifyInstance, counts: ThreadCounts): readonly string[] {
  const routes: string[] = [UNKNOWN_ROUTE];
  const positions = new Map<string | undefined, number>();
  app.addHook('onRoute', ({ path, schema }) => {
    if ((schema as { hide?: boolean } | undefined)?.hide || positions.has(path)) return;
    positions.set(path, routes.length);
    routes.push(path);
  });
  app.addHook('onResponse', (request, reply, done) => {
    counts.answer(positions.get(request.routeOptions.url) ?? 0, reply.statusCode, reply.elapsedTime / 1000);
    done();
  });
  return routes;
}
