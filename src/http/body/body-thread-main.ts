/** The body thread: reads large bodies, one after another, as the event loop reads small ones. */
import { parentPort, workerData } from 'node:worker_threads';
import { partsOf } from './body-parts.ts';
import { bodyReader } from './body-readers.ts';
import type { BodyJob, BodyThreadMessage, BodyThreadOptions } from './body-thread-protocol.ts';
import { UnreadableBody } from './read-body.ts';
import { ValidationFaults } from './validation-faults.ts';

/** A body of 32 MiB has room for millions, which no memory holds: there the list ends. */
const FAULTS_MAX = 100_000;

const { limits, parts } = workerData as BodyThreadOptions;

function read({ schemaId, contentType, blocks, length }: BodyJob): BodyThreadMessage {
  const bytes = Buffer.concat(
    blocks.map((block) => Buffer.from(block)),
    length,
  );
  try {
    const body = bodyReader(schemaId)(bytes, contentType, FAULTS_MAX) as Record<string, unknown>;
    let count = 0;
    for (const part of partsOf(body, limits)) {
      parts.postMessage(part);
      count += 1;
    }
    return { kind: 'read', parts: count };
  } catch (error) {
    if (error instanceof UnreadableBody) return { kind: 'unreadable' };
    if (error instanceof ValidationFaults)
      return { kind: 'faults', first: error.first, json: new Uint8Array(Buffer.from(error.toJson())) };
    throw error;
  }
}

// What `read` throws ends the thread: parts that it left behind end with it, and the next body gets a fresh one.
parentPort?.on('message', (job: BodyJob) => {
  const message = read(job);
  parentPort?.postMessage(message, message.kind === 'faults' ? [message.json.buffer] : []);
});
