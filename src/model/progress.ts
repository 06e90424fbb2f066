/** How far a download is, shown on stderr: a bar on a terminal, else a line at each tenth. */
import { SingleBar } from 'cli-progress';

/** What downloads report to; they know of no terminal. */
export interface Progress {
  /** `totalBytes` 0 when it isn't known. */
  start(label: string, totalBytes: number): void;
  /** Negative when a file is begun anew. */
  advance(bytes: number): void;
  stop(): void;
}

export const NO_PROGRESS: Progress = { start() {}, advance() {}, stop() {} };

export function terminalProgress(stream: NodeJS.WriteStream = process.stderr): Progress {
  return stream.isTTY ? new BarProgress(stream) : new LineProgress(stream);
}

const MEGABYTE = 1e6;

class BarProgress implements Progress {
  readonly #stream: NodeJS.WriteStream;
  #bar: SingleBar | undefined;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  start(label: string, totalBytes: number): void {
    const format = `${label} [{bar}] {percentage}% {value}/{total} MB, {eta_formatted} left`;
    const formatValue = (value: number, _options: unknown, type: string) =>
      type === 'value' || type === 'total' ? (value / MEGABYTE).toFixed(1) : String(value);
    this.#bar = new SingleBar({ format, formatValue, stream: this.#stream, hideCursor: true });
    this.#bar.start(totalBytes, 0);
  }

  advance(bytes: number): void {
    this.#bar?.increment(bytes);
  }

  stop(): void {
    this.#bar?.stop();
    this.#bar = undefined;
  }
}

class LineProgress implements Progress {
  readonly #stream: NodeJS.WriteStream;
  #label = '';
  #total = 0;
  #done = 0;
  #tenths = 0;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  start(label: string, totalBytes: number): void {
    this.#label = label;
    this.#total = totalBytes;
    this.#done = 0;
    this.#tenths = 0;
    this.#stream.write(`${label}: ${(totalBytes / MEGABYTE).toFixed(1)} MB\n`);
  }

  advance(bytes: number): void {
    this.#done += bytes;
    const tenths = this.#total === 0 ? 0 : Math.floor((this.#done * 10) / this.#total);
    if (tenths > this.#tenths) this.#stream.write(`${this.#label}: ${tenths * 10}%\n`);
    this.#tenths = Math.max(this.#tenths, tenths);
  }

  stop(): void {}
}
