/** The event loop's handle on the thread that reads large bodies: reading 30 MB takes a quarter of a second. */
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads';
import { CosimoError } from '../../errors.ts';
import { TimeSlice } from '../../service/time-slice.ts';
import type { BodyBytes } from './body-bytes.ts';
import { addPart } from './body-parts.ts';
import type { BodyJob, BodyLimits, BodyPart, BodyThreadMessage, BodyThreadOptions } from './body-thread-protocol.ts';
import { UnreadableBody } from './read-body.ts';
import { WrittenFaults } from './validation-faults.ts';

export interface LargeBody {
  readonly bytes: BodyBytes;
  readonly contentType: string | undefined;
  readonly schemaId: string;
  /** When it fires before the body's turn has come, the body isn't read any more. */
  readonly signal: AbortSignal;
}

interface Waiting extends LargeBody {
  readonly resolve: (body: unknown) => void;
  readonly reject: (error: Error) => void;
}

interface Thread {
  readonly worker: Worker;
  readonly parts: MessagePort;
}

/** One thread, started for the first body and again after it has died; it reads one body at a time, in order. */
export class BodyThread {
  readonly #limits: BodyLimits;
  readonly #waitingBytesMax: number;
  #thread: Thread | undefined;
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #busy = false;
  #closed = false;

  /** @param waitingBytesMax of all bodies that wait or are being read; what is past it is refused */
  constructor(limits: BodyLimits, waitingBytesMax: number) {
    this.#limits = limits;
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
    await this.#thread?.worker.terminate();
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
    this.#thread ??= this.#start();
    const { worker, parts } = this.#thread;
    const { length } = bytes;
    const blocks = bytes.take();
    // Waiting for an answer keeps the process alive, the idle thread doesn't.
    worker.ref();
    try {
      const answer = await ask(worker, { schemaId, contentType, blocks, length });
      if (answer.kind === 'read') return await fetchParts(parts, answer.parts);
      if (answer.kind === 'faults') throw new WrittenFaults(answer.first, Buffer.from(answer.json.buffer));
      throw new UnreadableBody();
    } catch (error) {
      if (this.#closed) throw new CosimoError('closed');
      throw error;
    } finally {
      worker.unref();
    }
  }

  #start(): Thread {
    const { port1: parts, port2 } = new MessageChannel();
    const worker = new Worker(new URL('./body-thread-main.ts', import.meta.url), {
      workerData: { limits: this.#limits, parts: port2 } satisfies BodyThreadOptions,
      transferList: [port2],
      name: 'bodies',
    });
    worker.on('error', () => {}); // it is the body's that was being read; nobody may be waiting any more
    worker.once('exit', () => {
      parts.close();
      if (this.#thread?.worker === worker) this.#thread = undefined;
    });
    return { worker, parts };
  }
}

/** One body's outcome; rejected when the thread ends before it is known. */
function ask(worker: Worker, job: BodyJob): Promise<BodyThreadMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<BodyThreadMessage>();
  const onError = (error: Error & { code?: string }) => {
    // A list of faults longer than a string can be is a RangeError.
    const isTooMuch = error.code === 'ERR_WORKER_OUT_OF_MEMORY' || error.name === 'RangeError';
    reject(isTooMuch ? new CosimoError('out_of_memory', 'Not enough memory to read this request body') : error);
  };
  const onExit = () => reject(threadEnded());
  worker.once('message', resolve).once('error', onError).once('exit', onExit);
  worker.postMessage(job, job.blocks);
  return promise.finally(() => worker.off('message', resolve).off('error', onError).off('exit', onExit));
}

/** Puts the body together, part by part: a listener would be given all of them in one turn of the event loop. */
async function fetchParts(parts: MessagePort, count: number): Promise<unknown> {
  const body: Record<string, unknown> = {};
  const slice = new TimeSlice();
  for (let at = 0; at < count; at += 1) {
    const received = receiveMessageOnPort(parts);
    if (received === undefined) throw threadEnded();
    addPart(body, received.message as BodyPart);
    await slice.turn();
  }
  return body;
}

function threadEnded(): CosimoError {
  return new CosimoError('cancelled', 'The thread that was reading this request body has ended; try again');
}
