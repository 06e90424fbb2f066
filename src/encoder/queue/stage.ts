/**
 * One step on the way of a text, tokenizing or encoding: a free worker takes the next group of texts. A group that fails is
 * tried again in two halves, so that in the end only the texts that cause it fail; one whose worker died is tried again whole.
 * A text that fails alone is tried once more.
 */
import { errorCodeOf } from '../../errors.ts';
import type { WaitingText } from './waiting-text.ts';

/** Takes one group at a time; may stop when the signal aborts. */
export type Work<R> = (group: readonly WaitingText[], signal: AbortSignal) => Promise<R>;

export interface StageOptions<R> {
  readonly workers: readonly Work<R>[];
  /** Takes the next group out of the waiting texts; empty when none waits. */
  readonly take: () => WaitingText[];
  /** The group's texts that somebody still wants, in their order. */
  readonly wanted: (group: readonly WaitingText[]) => WaitingText[];
  readonly onDone: (group: readonly WaitingText[], result: R, elapsed_ms: number) => void;
  /** The text is not tried again. */
  readonly onFailed: (text: WaitingText, error: Error) => void;
}

interface Running {
  readonly group: readonly WaitingText[];
  readonly stopping: AbortController;
}

export class Stage<R> {
  readonly #options: StageOptions<R>;
  readonly #free: Work<R>[];
  /** Groups to be tried again, before new ones. */
  #retries: WaitingText[][] = [];
  readonly #running = new Map<Promise<void>, Running>();

  constructor(options: StageOptions<R>) {
    this.#options = options;
    this.#free = [...options.workers];
  }

  /** Gives each free worker the next group of texts. */
  startWork(): void {
    while (this.#free.length > 0) {
      const group = this.#next();
      if (group.length === 0) return;
      const work = this.#free.pop() as Work<R>;
      const stopping = new AbortController();
      const running = this.#run(work, group, stopping.signal).finally(() => {
        this.#running.delete(running);
        this.#free.push(work);
        this.startWork();
      });
      this.#running.set(running, { group, stopping });
    }
  }

  /** Asks running groups to stop where nobody wants any of their texts. */
  stopUnwanted(): void {
    for (const { group, stopping } of this.#running.values()) {
      if (group.every(({ waiters }) => waiters === 0)) stopping.abort();
    }
  }

  /** Resolves once nothing runs any more. @returns the texts that were to be tried again */
  async close(): Promise<WaitingText[]> {
    const forgotten = this.#retries.flat();
    this.#retries = [];
    while (this.#running.size > 0) await Promise.all(this.#running.keys());
    return forgotten;
  }

  #next(): WaitingText[] {
    for (let group = this.#retries.shift(); group !== undefined; group = this.#retries.shift()) {
      const wanted = this.#options.wanted(group);
      if (wanted.length > 0) return wanted;
    }
    return this.#options.take();
  }

  async #run(work: Work<R>, group: readonly WaitingText[], signal: AbortSignal): Promise<void> {
    const began_ms = performance.now();
    try {
      const result = await work(group, signal);
      this.#options.onDone(group, result, performance.now() - began_ms);
    } catch (error) {
      // A stopped group has not failed. Somebody may want one of its texts by now.
      if (signal.aborted) this.#retries.push([...group]);
      else this.#retry(group, error as Error);
    }
  }

  #retry(group: readonly WaitingText[], error: Error): void {
    const isLost = errorCodeOf(error) === 'encoder_lost';
    const isSplit = !isLost && group.length > 1;
    const [again, failed]: [WaitingText[], WaitingText[]] = [[], []];
    for (const text of group) {
      (isSplit || text.failures === 0 ? again : failed).push(text);
      text.failures += 1;
    }
    if (isSplit) {
      const half = Math.ceil(again.length / 2);
      this.#retries.push(again.slice(0, half), again.slice(half));
    } else if (again.length > 0) this.#retries.push(again);
    for (const text of failed) this.#options.onFailed(text, error);
  }
}
