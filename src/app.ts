/** buildApp(parts): the HTTP service as a Fastify instance that does not listen. */
import { readFileSync } from 'node:fs';
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify';
import type { Config } from './config.ts';
import { AnswerBudget } from './http/answer-budget.ts';
import { takeBodies } from './http/bodies.ts';
import { drainOnClose, limitTime } from './http/deadline.ts';
import { documentRoutes } from './http/document-routes.ts';
import { describeRoutes } from './http/documentation.ts';
import { embedRoutes } from './http/embed-routes.ts';
import { installErrorHandler } from './http/error-handler.ts';
import { guardRoutes } from './http/guards.ts';
import { collectMethods } from './http/method-not-allowed.ts';
import { healthRoutes, statsRoutes } from './http/status-routes.ts';
import { normalizeTarget } from './http/url.ts';
import { answerWireError } from './http/wire-errors.ts';
import type { Metrics } from './metrics.ts';
import type { EngineHolder } from './service/engine.ts';

export interface AppParts {
  readonly config: Config;
  readonly holder: EngineHolder;
  readonly metrics: Metrics;
  /** None logs nothing. */
  readonly logger?: FastifyBaseLogger;
}

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};
/** An id of 512 bytes, each percent-encoded, and more: a longer one is still looked for, and not found. */
const PARAMETER_CHARS_MAX = 16_384;
const IDLE_MARGIN_MS = 5000;

export interface App {
  readonly fastify: FastifyInstance;
  /** Lets what has come in whole be answered, then ends; connections that are still sending are cut. */
  readonly close: () => Promise<void>;
}

export async function buildApp({ config, holder, metrics, logger }: AppParts): Promise<App> {
  const app = Fastify({
    ...(logger === undefined ? { logger: false } : { loggerInstance: logger }),
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: config.MAX_BODY_BYTES,
    requestTimeout: config.REQUEST_TIMEOUT_MS,
    // For clients that don't read: a connection on which nothing moves is dropped, after an answer could have come.
    connectionTimeout: config.REQUEST_TIMEOUT_MS + IDLE_MARGIN_MS,
    clientErrorHandler: answerWireError,
    exposeHeadRoutes: false,
    return503OnClosing: false,
    routerOptions: { maxParamLength: PARAMETER_CHARS_MAX },
    rewriteUrl: (request) => normalizeTarget(request.url ?? '/'),
  });
  limitTime(app, config.REQUEST_TIMEOUT_MS);
  const close = drainOnClose(app);
  takeBodies(app, config);
  installErrorHandler(app, () => holder.peek()?.embeddings.retryAfter_s ?? 1);
  // Kept-alive connections would hold up closing.
  app.addHook('onSend', async (_request, reply) => {
    if (holder.closing) reply.header('connection', 'close');
  });
  const addOtherMethods = collectMethods(app);
  measureRequests(app, metrics);
  await describeRoutes(app, version);
  healthRoutes(app, holder);
  await app.register(async (work) => {
    await guardRoutes(work, config);
    embedRoutes(work, holder, config.MAX_BATCH_SIZE);
    documentRoutes(work, holder, new AnswerBudget(config.ANSWER_BYTES));
    statsRoutes(work, holder, metrics);
  });
  addOtherMethods();
  return { fastify: app, close };
}

function measureRequests(app: FastifyInstance, metrics: Metrics): void {
  app.addHook('onRoute', ({ path, schema }) => {
    if (!(schema as { hide?: boolean } | undefined)?.hide) metrics.route(path);
  });
  app.addHook('onResponse', (request, reply, done) => {
    metrics.request(request.routeOptions.url ?? 'unknown', reply.statusCode, reply.elapsedTime);
    done();
  });
}
