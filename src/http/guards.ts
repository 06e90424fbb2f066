/** Guards of the routes that do work: event loop delay, rate limit, API key. */
import bearerAuth from '@fastify/bearer-auth';
import rateLimit, { type FastifyRateLimitStore, type FastifyRateLimitStoreCtor } from '@fastify/rate-limit';
import underPressure from '@fastify/under-pressure';
import type { FastifyInstance } from 'fastify';
import type { Config } from '../config.ts';
import { RATE_WINDOW_MS, type RateCount } from './rate-counter.ts';

const PRESSURE_RETRY_AFTER_S = 5;
/** One customer of a provider has at least this network: its addresses count as one. */
const IPV6_SUBNET_BITS = 64;

/** Counts a request of an address, for all threads together. */
export type CountRequest = (address: string) => Promise<RateCount>;

/** Guards the routes of `app`'s scope. @param countRequest without it this thread counts alone */
export async function guardRoutes(app: FastifyInstance, config: Config, countRequest?: CountRequest): Promise<void> {
  await app.register(underPressure, {
    maxEventLoopDelay: config.MAX_EVENT_LOOP_DELAY_MS,
    retryAfter: PRESSURE_RETRY_AFTER_S,
  });
  if (config.RATE_LIMIT > 0) {
    await app.register(rateLimit, {
      global: false,
      ipv6Subnet: IPV6_SUBNET_BITS,
      max: config.RATE_LIMIT,
      timeWindow: RATE_WINDOW_MS,
      ...(countRequest === undefined ? {} : { store: sharedStore(countRequest) }),
      errorResponseBuilder: (_request, { after }) =>
        Object.assign(new Error(`More than ${config.RATE_LIMIT} requests a minute; try again in ${after}`), {
          statusCode: 429,
        }),
    });
    // Before the key is looked at, so that requests with wrong keys count too.
    app.addHook('onRequest', app.rateLimit());
  }
  if (config.API_KEY !== undefined) {
    await app.register(bearerAuth, {
      keys: new Set([config.API_KEY]),
      specCompliance: 'rfc6749', // the scheme in any case, as RFC 9110 §11.1 has it
      addHook: false,
      verifyErrorLogLevel: 'debug',
    });
    const { verifyBearerAuth } = app;
    if (verifyBearerAuth !== undefined) app.addHook('onRequest', verifyBearerAuth);
  }
}

function sharedStore(countRequest: CountRequest): FastifyRateLimitStoreCtor {
  return class SharedStore implements FastifyRateLimitStore {
    incr(address: string, done: (error: Error | null, hits?: { current: number; ttl: number }) => void): void {
      countRequest(address).then(({ current, ttl_ms }) => done(null, { current, ttl: ttl_ms }), done);
    }

    child(): FastifyRateLimitStore {
      return this;
    }
  };
}
