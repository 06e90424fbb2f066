/** buildApp(parts): the HTTP service as a Fastify instance that does not listen. */
import { readFileSync } from 'node:fs';
import Fastify, { type FastifyBaseLogger, type FastifyInstance } from 'fastify';
import type { Config } from './config.ts';
import { takeBodies } from './http/body/take-bodies.ts';
import { limitTime } from './http/deadline.ts';
import { documentRoutes } from './http/document-routes.ts';
import { describeRoutes } from './http/documentation.ts';
import { embedRoutes } from './http/embed-routes.ts';
import { installErrorHandler } from './http/error-handler.ts';
import { type CountHit, guardRoutes } from './http/guards.ts';
import { healthRoutes } from './http/health-routes.ts';
import { collectMethods } from './http/method-not-allowed.ts';
import { answerOpenAiErrors } from './http/openai/errors.ts';
import { openAiRoutes } from './http/openai/routes.ts';
import { answerWireError } from './http/protocol-errors.ts';
import { normalizeTarget } from './http/request-target.ts';
import { type MetricsText, statsRoutes } from './http/stats-routes.ts';
import { UNKNOWN_ROUTE } from './metrics/http-metrics.ts';
import type { ThreadCounts } from './metrics/thread-counts.ts';
import type { EngineHolder } from './service/engine.ts';

export interface AppParts {
  readonly config: Config;
  readonly holder: EngineHolder;
  /** The body of /metrics and its content type. */
  readonly metrics: () => Promise<MetricsText>;
  /** For RATE_LIMIT where several threads serve; without it this one counts. */
  readonly countHit?: CountHit;
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
  /** In the order in which their answers are counted. */
  readonly routes: readonly string[];
  /** Lets what has come in whole be answered, then ends; connections that are still sending are cut. */
  readonly close: () => Promise<void>;
}

export async function buildApp({ config, holder, metrics, countHit, logger }: AppParts): Promise<App> {
  const app = Fastify({
    // Ours logs what goes wrong; with one of Fastify's each request would get a child of it.
    logger: false,
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
  const close = limitTime(app, config.REQUEST_TIMEOUT_MS);
  takeBodies(app, config);
  installErrorHandler(app, () => holder.retryAfter_s, logger);
  const addOtherMethods = collectMethods(app);
  const routes = countAnswers(app, holder.counts);
  await describeRoutes(app, version);
  healthRoutes(app, holder);
  await app.register(async (work) => {
    await guardRoutes(work, config, countHit);
    await work.register(async (openAi) => {
      answerOpenAiErrors(openAi, () => holder.retryAfter_s, logger);
      openAiRoutes(openAi, holder, config.MAX_BATCH_SIZE);
    });
    embedRoutes(work, holder, config.MAX_BATCH_SIZE);
    documentRoutes(work, holder);
    statsRoutes(work, holder, metrics);
  });
  addOtherMethods();
  return { fastify: app, routes, close };
}

/** @returns the routes, one after another as they are added */
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
