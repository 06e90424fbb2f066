/** Keeps something that may die running, such as a thread: `get()` always gives a living one. */
import { CosimoError } from '../errors.ts';

export interface Supervised {
  readonly alive: boolean;
  /** Resolves once it has died or has been closed. */
  readonly ended: Promise<void>;
  close(): Promise<void>;
}

export interface SupervisorOptions<T extends Supervised> {
  readonly start: () => Promise<T>;
  /** The first one, if it has been started already; otherwise started at the first get(). */
  readonly first?: T;
  /** Called when the last one has died and another one is going to be started. */
  readonly onRestart?: () => void;
  /** Starts another one after a delay, if one has lived; otherwise the next get() starts it. */
  readonly restart?: RestartDelays;
}

export interface RestartDelays {
  readonly delay_ms: number;
  /** What dies younger than this, or can't be started again, is started only after this time. */
  readonly shortLife_ms: number;
}

export class Supervisor<T extends Supervised> {
  readonly #options: SupervisorOptions<T>;
  #current: T | undefined;
  #starting: Promise<T> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: SupervisorOptions<T>) {
    this.#options = options;
    this.#current = options.first;
  }

  /**
   * A living one. All calls while it is being started get the same.
   * @throws CosimoError `closed`; what `start` throws
   */
  async get(): Promise<T> {
    if (this.#closed) throw new CosimoError('closed');
    if (this.#current?.alive) return this.#current;
    this.#starting ??= this.#start();
    return this.#starting;
  }

  /** Closes the living one; none is started any more. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#starting?.catch(() => {});
    await this.#current?.close();
  }

  async #start(): Promise<T> {
    const { start, onRestart, restart } = this.#options;
    if (restart === undefined && this.#current !== undefined) onRestart?.();
    const started_ms = performance.now();
    const startAgain = () => this.#startAgain(performance.now() - started_ms);
    try {
      this.#current = await start();
      void this.#current.ended.then(startAgain);
      return this.#current;
    } catch (error) {
      if (this.#current !== undefined) startAgain();
      throw error;
    } finally {
      this.#starting = undefined;
    }
  }

  #startAgain(life_ms: number): void {
    const { onRestart, restart } = this.#options;
    if (restart === undefined || this.#closed) return;
    onRestart?.();
    const { delay_ms, shortLife_ms } = restart;
    // A start that fails is tried again by itself.
    this.#timer = setTimeout(() => this.get().catch(() => {}), life_ms < shortLife_ms ? shortLife_ms : delay_ms);
  }
}
