/** The log of the process, of all its threads. */
import { type Logger, pino } from 'pino';
import type { Config } from './config.ts';

export function createLogger(config: Config): Logger {
  const options = { level: config.LOG_LEVEL, base: null };
  if (!process.stdout.isTTY) return pino(options);
  return pino({
    ...options,
    transport: { target: 'pino-pretty', options: { ignore: 'time,hostname,pid', singleLine: true } },
  });
}
