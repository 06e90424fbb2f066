/** The service in this process, with the real model, addon and store, driven through `inject`. */
import { pino } from 'pino';
import { loadConfig } from '../../src/config.ts';
import { createService, type LocalService } from '../../src/service.ts';
import { atEnd } from './at-end.ts';

/** @param settings environment variables; documents are kept in memory unless DATA_DIR says otherwise */
export async function startService(settings: Readonly<Record<string, string>> = {}): Promise<LocalService> {
  const service = await createUnloadedService(settings);
  await service.load();
  return service;
}

/** The service before its model is loaded. */
export async function createUnloadedService(settings: Readonly<Record<string, string>> = {}): Promise<LocalService> {
  const { MODEL, MODEL_DIR, ENCODER } = process.env;
  const config = loadConfig({
    MODEL,
    MODEL_DIR,
    // CI runs the contract tests with both encoders.
    ENCODER,
    DATA_DIR: ':memory:',
    DEVICE: 'cpu',
    // Set here, so that no start measures.
    ENCODER_WORKERS: '1',
    ENCODER_THREADS: '2',
    LOG_LEVEL: 'silent',
    ...settings,
  });
  const service = await createService(config, pino({ level: config.LOG_LEVEL }));
  atEnd(() => service.close());
  return service;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | number | undefined>>;
  readonly text: string;
  /** The parsed body; undefined when it is empty or no JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  readonly json: any;
}

/** Sends one request; an object body is sent as JSON. */
export async function send(
  service: LocalService,
  method: string,
  url: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const isRaw = typeof body === 'string' || Buffer.isBuffer(body);
  const response = await service.app.inject({
    method: method as 'GET',
    url,
    headers:
      body === undefined || 'content-type' in headers || isRaw
        ? headers
        : { 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { payload: isRaw ? body : JSON.stringify(body) }),
  });
  return { status: response.statusCode, headers: response.headers, text: response.body, json: parse(response.body) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
