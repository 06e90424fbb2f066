/** The process: settings, listen, signals. service.ts builds what it runs. */
import { flushCompileCache } from 'node:module';
import closeWithGrace from 'close-with-grace';
import type { Logger } from 'pino';
import { type Config, httpThreads, loadConfig, settingsHelp } from './config.ts';
import { CosimoError, errorCodeOf } from './errors.ts';
import { createLogger, ignoreOutputErrors } from './logger.ts';
import { native } from './native/binding.ts';
import { createService, createThreadedService } from './service.ts';
import { FAULT_SIGNALS, onStopSignal, STOP_SIGNALS } from './signals.ts';
import type { RunningEngine } from './start-engine.ts';

const CLOSE_TIMEOUT_MS = 10_000;

async function main(): Promise<void> {
  ignoreOutputErrors();
  if (process.argv.includes('--help')) return void process.stdout.write(settingsHelp());
  const config = loadConfig(process.env);
  const logger = createLogger(config);
  const threads = httpThreads(config);
  const service = threads === 1 ? createService(config, logger) : createThreadedService(config, threads, logger);
  const { listen, load, close } = await service;
  closeOnSignal(close, logger);
  // The port opens first: until the model is loaded, clients learn that it is loading.
  const origin = await listen().catch((error) => Promise.reject(unusableHost(config, error) ?? error));
  logger.info(`Server listening at ${origin}`);
  announce(origin, await load());
  flushCompileCache(); // now, since a process that is killed writes nothing
}

/** Listening fails like this where HOST is no name that the system knows, or no address of this machine. */
function unusableHost({ HOST }: Config, cause: NodeJS.ErrnoException): CosimoError | undefined {
  if (!['ENOTFOUND', 'EAI_AGAIN', 'EADDRNOTAVAIL'].includes(cause.code ?? '')) return undefined;
  return new CosimoError('invalid_setting', `HOST=${HOST} is no address of this machine.`, { cause });
}

/** An uncaught error closes the service too. */
function closeOnSignal(close: () => Promise<void>, logger: Logger): void {
  const grace = closeWithGrace(
    { delay: CLOSE_TIMEOUT_MS, logger, skip: [...STOP_SIGNALS, ...FAULT_SIGNALS] },
    async ({ err }) => {
      if (err) logger.fatal({ err }, 'unexpected error');
      await close();
    },
  );
  onStopSignal(() => void grace.close());
}

/** Prints plain lines to copy from, whatever the log's format, for the person who started the process. */
function announce(address: string, { modelName, encoder, documentCount }: RunningEngine): void {
  const json = "-H 'content-type: application/json'";
  const lines = [
    `${modelName} on ${encoder}; search kernel ${native.kernel}; documents: ${documentCount()}`,
    `Cosimo serves on ${address}, documentation at ${address}/docs. Try:`,
    `  curl ${address}/index ${json} -d '{"id": "python", "text": "Python is a programming language"}'`,
    `  curl ${address}/search ${json} -d '{"query": "programming languages", "threshold": 0.3}'`,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

function fail(error: Error & { code?: string }): void {
  // What Cosimo raises on purpose is a sentence for the person who started it; anything else needs its stack.
  const expected = errorCodeOf(error) !== undefined || error.code === 'EADDRINUSE' || error.code === 'EACCES';
  console.error(expected ? `cosimo: ${error.message}` : error);
  process.exit(1);
}

main().catch(fail);
