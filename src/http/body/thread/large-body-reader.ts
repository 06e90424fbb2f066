/** Large bodies on their way through the body thread: one at a time, in order, and only so many bytes that wait. */
import { CosimoError } from '../../../errors.ts';
import { Supervisor } from '../../../workers/supervisor.ts';
import type { BodyBytes } from '../body-bytes.ts';
import { BodyThread } from './body-thread.ts';
import type { BodyLimits } from './body-thread-protocol.ts';

export interface LargeBody {
  readonly bytes: BodyBytes;
  readonly contentType: string | undefined;
  readonly schemaId: string;
  /** When it fires before the body's turn has come, the body isn't read any more. */
  readonly signal: AbortSignal;
}

interface WaitingBody extends LargeBody {
  readonly resolve: (body: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** Its thread is started for the first body, and again for the next one after it has died. */
export class LargeBodyReader {
  readonly #thread: Supervisor<BodyThread>;
  readonly #waitingBytesMax: number;
  #waiting: WaitingBody[] = [];
  #waitingBytes = 0;
  #busy = false;
  #closed = false;

  /** @param waitingBytesMax of all bodies that wait or are being read; what is past it is refused */
  constructor(limits: BodyLimits, waitingBytesMax: number) {
    this.#thread = new Supervisor({ start: () => BodyThread.start(limits) });
    this.#waitingBytesMax = waitingBytesMax;
  }

  /**
   * The validated body, as `BodyReader` gives it; strings and lists past the limits come cut, and are still past them.
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
