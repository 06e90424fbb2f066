/** A body thread: reads large bodies, one after another, as the event loop reads small ones. */
import { CosimoError } from '../../../errors.ts';
import { Transferred } from '../../../workers/rpc-server.ts';
import { runThread } from '../../../workers/thread-program.ts';
import { bodyReader } from '../body-readers.ts';
import { UnreadableBody } from '../read-body.ts';
import { ValidationFaults } from '../validation-faults.ts';
import { partsOf } from './body-parts.ts';
import {
  type BodyLimits,
  type BodyOutcome,
  type BodyThreadMethods,
  type BodyThreadOptions,
  NO_MEMORY,
  type UnreadBody,
} from './body-thread-protocol.ts';

type Outcome = BodyOutcome | Transferred<BodyOutcome>;

/** A body of 32 MiB has room for millions of faults, which no memory holds: the list ends here. */
const FAULTS_MAX = 100_000;

await runThread<BodyThreadOptions, BodyThreadMethods, null>(({ limits }) => ({
  ready: null,
  handlers: { read: (body) => readWithinMemory(body, limits) },
}));

function readWithinMemory(unread: UnreadBody, limits: BodyLimits): Outcome {
  try {
    return read(unread, limits);
  } catch (cause) {
    // A list of faults longer than a string can be is a RangeError.
    if (cause instanceof RangeError) throw new CosimoError('out_of_memory', NO_MEMORY, { cause });
    throw cause;
  }
}

function read({ schemaId, contentType, blocks, length, parts }: UnreadBody, limits: BodyLimits): Outcome {
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
    if (!(error instanceof ValidationFaults)) throw error;
    const json = new Uint8Array(Buffer.from(error.toJson()));
    return new Transferred({ kind: 'faults', first: error.first, json }, [json.buffer]);
  }
}
