/** buildApp(parts): the HTTP service as a Fastify instance that does not listen. */
import { readFileSync } from 'node:fs';
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify';
import type { Config } from './config.ts';
import { takeBodies } from './http/bodies.ts';
import { documentRoutes } from './http/document-routes.ts';
import { describeRoutes } from './http/documentation.ts';
import { embedRoutes } from './http/embed-routes.ts';
import { installErrorHandler } from './http/error-handler.ts';
import { guardRoutes } from './http/guards.ts';
import { collectMethods } from './http/method-not-allowed.ts';
import { healthRoutes, statsRoutes } from './http/status-routes.ts';
import { normalizeTarget } from './http/url.ts';
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

export async function buildApp({ config, holder, metrics, logger }: AppParts): Promise<FastifyInstance> {
  const app = Fastify({
    ...(logger === undefined ? { logger: false } : { loggerInstance: logger }),
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: config.MAX_BODY_BYTES,
    handlerTimeout: config.REQUEST_TIMEOUT_MS,
    requestTimeout: config.REQUEST_TIMEOUT_MS,
    exposeHeadRoutes: false,
    return503OnClosing: false,
    routerOptions: { maxParamLength: PARAMETER_CHARS_MAX },
    rewriteUrl: (request) => normalizeTarget(request.url ?? '/'),
  });
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
    await guardRoutes(work, holder, config);
    embedRoutes(work, holder, config.MAX_BATCH_SIZE);
    documentRoutes(work, holder);
    statsRoutes(work, holder, metrics);
  });
  addOtherMethods();
  return app;
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
