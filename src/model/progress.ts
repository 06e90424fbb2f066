/** How far a download is, shown on stderr: a bar on a terminal, else a line at each tenth. */
import { SingleBar } from 'cli-progress';

/** What downloads report to; they know of no terminal. */
export interface Progress {
  /** `totalBytes` 0 when it isn't known. */
  start(label: string, totalBytes: number): void;
  advance(bytes: number): void;
  stop(): void;
}

export const NO_PROGRESS: Progress = { start() {}, advance() {}, stop() {} };

export function terminalProgress(): Progress {
  return process.stderr.isTTY ? new BarProgress() : new LineProgress();
}

const MEGABYTE = 1e6;

class BarProgress implements Progress {
  #bar: SingleBar | undefined;

  start(label: string, totalBytes: number): void {
    const format = `${label} [{bar}] {percentage}% {value}/{total} MB, {eta_formatted} left`;
    const formatValue = (value: number, _options: unknown, type: string) =>
      type === 'value' || type === 'total' ? (value / MEGABYTE).toFixed(1) : String(value);
    this.#bar = new SingleBar({ format, formatValue, stream: process.stderr, hideCursor: true });
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
  #label = '';
  #total = 0;
  #done = 0;
  #tenths = 0;

  start(label: string, totalBytes: number): void {
    this.#label = label;
    this.#total = totalBytes;
    this.#done = 0;
    this.#tenths = 0;
    console.error(`${label}: ${(totalBytes / MEGABYTE).toFixed(1)} MB`);
  }

  advance(bytes: number): void {
    this.#done += bytes;
    const tenths = this.#total === 0 ? 0 : Math.floor((this.#done * 10) / this.#total);
    if (tenths > this.#tenths) console.error(`${this.#label}: ${tenths * 10}%`);
    this.#tenths = Math.max(this.#tenths, tenths);
  }

  stop(): void {}
}
