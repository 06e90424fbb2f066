/** What stands before the routes that do work: pressure, key, rate. */
import bearerAuth from '@fastify/bearer-auth';
import rateLimit from '@fastify/rate-limit';
import underPressure from '@fastify/under-pressure';
import type { FastifyInstance } from 'fastify';
import type { Config } from '../config.ts';

const PRESSURE_RETRY_AFTER_S = 5;

/** Guards the routes of `app`'s scope. */
export async function guardRoutes(app: FastifyInstance, config: Config): Promise<void> {
  await app.register(underPressure, {
    maxEventLoopDelay: config.MAX_EVENT_LOOP_DELAY_MS,
    retryAfter: PRESSURE_RETRY_AFTER_S,
  });
  if (config.API_KEY !== undefined) {
    await app.register(bearerAuth, { keys: new Set([config.API_KEY]), addHook: false, verifyErrorLogLevel: 'debug' });
    const { verifyBearerAuth } = app;
    if (verifyBearerAuth !== undefined) app.addHook('onRequest', verifyBearerAuth);
  }
  if (config.RATE_LIMIT > 0) {
    await app.register(rateLimit, {
      max: config.RATE_LIMIT,
      timeWindow: '1 minute',
      errorResponseBuilder: (_request, { after }) =>
        Object.assign(new Error(`More than ${config.RATE_LIMIT} requests a minute; try again in ${after}`), {
          statusCode: 429,
        }),
    });
  }
}
