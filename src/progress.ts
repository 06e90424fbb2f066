/** The progress of a long task, such as a download, on stderr: a bar on a terminal, otherwise a line for each tenth. */
import { SingleBar } from 'cli-progress';

/** What a task reports to. Amounts are bytes unless a `ProgressUnit` says otherwise. */
export interface Progress {
  /** @param total 0 when it isn't known */
  start(label: string, total: number): void;
  /** @param amount negative when a file starts again from its beginning */
  advance(amount: number): void;
  stop(): void;
}

/** How amounts are shown. */
export interface ProgressUnit {
  readonly name: string;
  readonly show: (amount: number) => string;
}

const MEGABYTES: ProgressUnit = { name: 'MB', show: (bytes) => (bytes / 1e6).toFixed(1) };

export const NO_PROGRESS: Progress = { start() {}, advance() {}, stop() {} };

export function terminalProgress(
  stream: NodeJS.WriteStream = process.stderr,
  unit: ProgressUnit = MEGABYTES,
): Progress {
  return stream.isTTY ? new BarProgress(stream, unit) : new LineProgress(stream, unit);
}

class BarProgress implements Progress {
  readonly #stream: NodeJS.WriteStream;
  readonly #unit: ProgressUnit;
  #bar: SingleBar | undefined;

  constructor(stream: NodeJS.WriteStream, unit: ProgressUnit) {
    this.#stream = stream;
    this.#unit = unit;
  }

  start(label: string, total: number): void {
    const { name, show } = this.#unit;
    const format = `${label} [{bar}] {percentage}% {value}/{total} ${name}, {eta_formatted} left`;
    const formatValue = (value: number, _options: unknown, type: string) =>
      type === 'value' || type === 'total' ? show(value) : String(value);
    this.#bar = new SingleBar({ format, formatValue, stream: this.#stream, hideCursor: true });
    this.#bar.start(total, 0);
  }

  advance(amount: number): void {
    this.#bar?.increment(amount);
  }

  stop(): void {
    this.#bar?.stop();
    this.#bar = undefined;
  }
}

class LineProgress implements Progress {
  readonly #stream: NodeJS.WriteStream;
  readonly #unit: ProgressUnit;
  #label = '';
  #total = 0;
  #done = 0;
  #tenths = 0;

  constructor(stream: NodeJS.WriteStream, unit: ProgressUnit) {
    this.#stream = stream;
    this.#unit = unit;
  }

  start(label: string, total: number): void {
    this.#label = label;
    this.#total = total;
    this.#done = 0;
    this.#tenths = 0;
    this.#stream.write(`${label}: ${this.#unit.show(total)} ${this.#unit.name}\n`);
  }

  advance(amount: number): void {
    this.#done += amount;
    const tenths = this.#total === 0 ? 0 : Math.floor((this.#done * 10) / this.#total);
    if (tenths > this.#tenths) this.#stream.write(`${this.#label}: ${tenths * 10}%\n`);
    this.#tenths = Math.max(this.#tenths, tenths);
  }

  stop(): void {}
}
