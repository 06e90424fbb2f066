/** The log of the process, of all its threads. */
import { type Logger, pino } from 'pino';
import type { Config } from './config.ts';

/** While the log can't be written, as on a full disk, at most so much of it is kept for later; lines that come then are lost. */
const UNWRITTEN_BYTES_MAX = 1024 * 1024;

export function createLogger(config: Config): Logger {
  const options = { level: config.LOG_LEVEL, base: null };
  if (!process.stdout.isTTY) return pino(options, standardOutput());
  return pino({
    ...options,
    transport: { target: 'pino-pretty', options: { ignore: 'time,hostname,pid', singleLine: true } },
  });
}

/** Pino's own destination ends the process when a line can't be written. */
function standardOutput() {
  // With no minimum `flush` would do nothing.
  const destination = pino.destination({ dest: 1, sync: true, minLength: 1, maxLength: UNWRITTEN_BYTES_MAX });
  // Pino calls it after a fatal line. The destination's own would not return before the line is written.
  destination.flushSync = () => destination.flush();
  // Without room for another line it would never try again.
  return destination.on('error', () => {}).on('drop', () => destination.flush());
}

/** The lines for the person who started the process are no reason to end it either: its reader may have gone. */
export function ignoreOutputErrors(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
}
