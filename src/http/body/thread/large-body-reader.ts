/** Large bodies on their way through the body threads: each reads one at a time, in order. The bytes that wait are limited. */
import { CosimoError } from '../../../errors.ts';
import { Supervisor } from '../../../workers/supervisor.ts';
import type { BodyBytes } from '../body-bytes.ts';
import { BodyThread } from './body-thread.ts';
import type { BodyLimits } from './body-thread-protocol.ts';

export interface LargeBody {
  readonly bytes: BodyBytes;
  readonly contentType: string | undefined;
  readonly schemaId: string;
  /** If it aborts before the body's turn has come, the body isn't read. */
  readonly signal: AbortSignal;
}

interface WaitingBody extends LargeBody {
  readonly resolve: (body: unknown) => void;
  readonly reject: (error: Error) => void;
}

export interface LargeBodyReaderOptions {
  readonly limits: BodyLimits;
  /** Most bytes of all bodies that wait or are being read; more is refused. */
  readonly waitingBytesMax: number;
  /** A thread that reads one body for longer than this, and a second for each MB, is ended. */
  readonly limit_ms?: number;
  readonly startThread?: (limits: BodyLimits) => Promise<BodyThread>;
}

/** Two, so that a body that takes long holds up no others but those behind another such one. */
const THREADS = 2;
const LIMIT_MS = 15_000;
/** A body of 30 MB takes a quarter of a second on an idle machine. */
const BYTES_PER_MS = 1000;

/** Threads start with the first bodies that need them. One that has died is started again by the next body. */
export class LargeBodyReader {
  readonly #idle: Supervisor<BodyThread>[];
  readonly #threads: readonly Supervisor<BodyThread>[];
  readonly #waitingBytesMax: number;
  readonly #limit_ms: number;
  readonly #waiting: WaitingBody[] = [];
  #waitingBytes = 0;
  #closed = false;

  constructor(options: LargeBodyReaderOptions) {
    const { limits, waitingBytesMax, limit_ms = LIMIT_MS, startThread = BodyThread.start } = options;
    this.#threads = Array.from({ length: THREADS }, () => new Supervisor({ start: () => startThread(limits) }));
    this.#idle = [...this.#threads];
    this.#waitingBytesMax = waitingBytesMax;
    this.#limit_ms = limit_ms;
  }

  /**
   * The validated body, as `BodyReader` gives it. Strings and lists over a limit are shortened, but stay over the limit, so
   * the call refuses them.
   * @throws ValidationFaults
   * @throws UnreadableBody
   * @throws CosimoError `queue_full`, `cancelled`, `closed`, `out_of_memory`
   */
  async read(body: LargeBody): Promise<unknown> {
    if (this.#closed) throw new CosimoError('closed');
    if (this.#waitingBytes + body.bytes.length > this.#waitingBytesMax)
      throw new CosimoError('queue_full', 'Too many large request bodies are waiting to be read');
    this.#waitingBytes += body.bytes.length;
    return new Promise((resolve, reject) => {
      this.#waiting.push({ ...body, resolve, reject });
      // The one that worked last has its program in the caches.
      const thread = this.#idle.pop();
      if (thread !== undefined) void this.#run(thread);
    });
  }

  /** Refuses what waits and what is being read with `closed`, and ends the threads. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#threads.map((thread) => thread.close()));
  }

  async #run(thread: Supervisor<BodyThread>): Promise<void> {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      const { length } = next.bytes;
      try {
        next.resolve(await this.#readNext(thread, next));
      } catch (error) {
        next.reject(error as Error);
      }
      this.#waitingBytes -= length;
    }
    this.#idle.push(thread);
  }

  async #readNext(thread: Supervisor<BodyThread>, body: LargeBody): Promise<unknown> {
    const { bytes, contentType, schemaId, signal } = body;
    if (this.#closed) throw new CosimoError('closed');
    if (signal.aborted) throw new CosimoError('cancelled');
    let timer: NodeJS.Timeout | undefined;
    try {
      const running = await thread.get();
      const { length } = bytes;
      timer = setTimeout(() => running.close(), this.#limit_ms + length / BYTES_PER_MS);
      return await running.read({ schemaId, contentType, blocks: bytes.take(), length });
    } catch (error) {
      if (this.#closed) throw new CosimoError('closed');
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }
}
