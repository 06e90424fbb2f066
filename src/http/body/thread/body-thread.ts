/** The event loop's handle on a thread that reads large bodies: reading 30 MB takes a quarter of a second. */
import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { TimeSlice } from '../../../base/time-slice.ts';
import { CosimoError } from '../../../errors.ts';
import { ThreadHandle } from '../../../workers/thread-handle.ts';
import { WorkerThread } from '../../../workers/worker-thread.ts';
import { UnreadableBody } from '../read-body.ts';
import { SerializedFaults } from '../validation-faults.ts';
import { addPart } from './body-parts.ts';
import {
  type BodyLimits,
  type BodyPart,
  type BodyThreadMethods,
  type BodyThreadOptions,
  NO_MEMORY,
  type UnreadBody,
} from './body-thread-protocol.ts';

const PROGRAM = new URL('./body-thread-main.ts', import.meta.url);

/** An idle body thread doesn't keep the process alive. */
export class BodyThread extends ThreadHandle<BodyThreadMethods, null> {
  /** @throws CosimoError `out_of_memory`, `cancelled` */
  static async start(limits: BodyLimits, program = PROGRAM): Promise<BodyThread> {
    const options: BodyThreadOptions = { limits };
    const thread = await WorkerThread.start<BodyThreadMethods, null>({
      program,
      name: 'bodies',
      options,
      notStarted: lost,
      lost,
    });
    thread.unref();
    return new BodyThread(thread);
  }

  /**
   * The validated body. Strings and lists over a limit are shortened, but stay over the limit, so the call refuses them.
   * @throws ValidationFaults
   * @throws UnreadableBody
   * @throws CosimoError `out_of_memory`; `cancelled` when the thread ends meanwhile
   */
  async read(unread: Omit<UnreadBody, 'parts'>): Promise<unknown> {
    const { port1: received, port2: parts } = new MessageChannel();
    this.thread.ref();
    try {
      const outcome = await this.client.request('read', { ...unread, parts }, undefined, [...unread.blocks, parts]);
      if (outcome.kind === 'read') return await fetchParts(received, outcome.parts);
      if (outcome.kind === 'faults') throw new SerializedFaults(outcome.first, Buffer.from(outcome.json.buffer));
      throw new UnreadableBody();
    } finally {
      received.close();
      this.thread.unref();
    }
  }

  /** Ends the thread at once, whatever it is reading. */
  override close(): Promise<void> {
    return this.thread.terminate();
  }
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

/** The error of a request whose thread has ended. */
function lost(cause: Error & { code?: string }): CosimoError {
  if (cause.code === 'ERR_WORKER_OUT_OF_MEMORY') return new CosimoError('out_of_memory', NO_MEMORY, { cause });
  return threadEnded({ cause });
}

function threadEnded(options?: ErrorOptions): CosimoError {
  return new CosimoError('cancelled', 'The thread that was reading this request body has ended; try again', options);
}
