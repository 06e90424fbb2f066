/** Large bodies on their way through the body thread: one at a time, in order. The bytes that wait are limited. */
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

/** The first body starts the thread. If the thread dies, the next body starts it again. */
export class LargeBodyReader {
  readonly #thread: Supervisor<BodyThread>;
  readonly #waitingBytesMax: number;
  #waiting: WaitingBody[] = [];
  #waitingBytes = 0;
  #busy = false;
  #closed = false;

  /** @param waitingBytesMax most bytes of all bodies that wait or are being read; more is refused */
  constructor(limits: BodyLimits, waitingBytesMax: number) {
    this.#thread = new Supervisor({ start: () => BodyThread.start(limits) });
    this.#waitingBytesMax = waitingBytesMax;
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
      if (!this.#busy) void this.#run();
    });
  }

  /** Refuses what waits and what is being read with `closed`, and ends the thread. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#thread.close();
  }

  async #run(): Promise<void> {
    this.#busy = true;
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      const { length } = next.bytes;
      try {
        next.resolve(await this.#readNext(next));
      } catch (error) {
        next.reject(error as Error);
      }
      this.#waitingBytes -= length;
    }
    this.#busy = false;
  }

  async #readNext({ bytes, contentType, schemaId, signal }: LargeBody): Promise<unknown> {
    if (this.#closed) throw new CosimoError('closed');
    if (signal.aborted) throw new CosimoError('cancelled');
    try {
      const thread = await this.#thread.get();
      const { length } = bytes;
      return await thread.read({ schemaId, contentType, blocks: bytes.take(), length });
    } catch (error) {
      if (this.#closed) throw new CosimoError('closed');
      throw error;
    }
  }
}
