/** Something that may die, such as a thread: whoever asks for it gets one that lives. */
import { CosimoError } from '../errors.ts';

export interface Mortal {
  readonly alive: boolean;
  close(): Promise<void>;
}

export class KeptAlive<T extends Mortal> {
  readonly #start: () => Promise<T>;
  readonly #onRestart: () => void;
  #current: T;
  #starting: Promise<T> | undefined;
  #closed = false;

  /** @param start makes another one; @param onRestart called whenever that is asked for */
  constructor(first: T, start: () => Promise<T>, onRestart: () => void) {
    this.#current = first;
    this.#start = start;
    this.#onRestart = onRestart;
  }

  /** The last one that lived, dead or alive: for what doesn't change. */
  get last(): T {
    return this.#current;
  }

  /** @throws CosimoError `encoder_lost` when another one can't be started */
  async get(): Promise<T> {
    if (this.#current.alive || this.#closed) return this.#current;
    this.#starting ??= this.#restart();
    return this.#starting;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#starting?.catch(() => {});
    await this.#current.close();
  }

  async #restart(): Promise<T> {
    this.#onRestart();
    try {
      this.#current = await this.#start();
      return this.#current;
    } catch (cause) {
      throw new CosimoError('encoder_lost', undefined, { cause });
    } finally {
      this.#starting = undefined;
    }
  }
}
