/** Whether a part works. Once it has failed, it counts as broken until it has worked again; meanwhile a probe tries once per second. */

const PROBE_INTERVAL_MS = 1000;

export class ProbedHealth {
  readonly #probe: () => Promise<unknown>;
  readonly #onBroken: (error: Error) => void;
  #timer: NodeJS.Timeout | undefined;
  #probing = false;
  #closed = false;

  /** @param probe does for real what has failed; whoever does it calls `worked` or `failed` */
  constructor(probe: () => Promise<unknown>, onBroken: (error: Error) => void = () => {}) {
    this.#probe = probe;
    this.#onBroken = onBroken;
  }

  get healthy(): boolean {
    return this.#timer === undefined;
  }

  worked(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  failed(error: Error): void {
    if (this.#closed || this.#timer !== undefined) return;
    this.#onBroken(error);
    this.#timer = setInterval(() => void this.#tryAgain(), PROBE_INTERVAL_MS);
    this.#timer.unref();
  }

  /** One probe at a time: on a disk that hangs, more of them would take all threads of the process for files. */
  async #tryAgain(): Promise<void> {
    if (this.#probing) return;
    this.#probing = true;
    try {
      await this.#probe();
    } catch {
      // Whoever did it has called `failed`.
    } finally {
      this.#probing = false;
    }
  }

  close(): void {
    this.#closed = true;
    this.worked();
  }
}
