/** Registers the parsers of request bodies: bodies come in as bytes, and routes with a body schema get them read and validated. */
import type { FastifyInstance, FastifyRequest, preValidationHookHandler } from 'fastify';
import { type Config, uploadBytesOfThread } from '../../config.ts';
import { answerSignal } from '../answer-signal.ts';
import { BodyBytes } from './body-bytes.ts';
import { bodyReader, idOf } from './body-readers.ts';
import { gatherBody } from './gather-body.ts';
import { TooManyFaults } from './lax-validation.ts';
import { LargeBodyReader } from './thread/large-body-reader.ts';
import { Uploads } from './uploads.ts';

const CONTENT_TYPE = Symbol('content type');
const ANY_TYPE = 'application/octet-stream';

/** Larger bodies are read in a body thread. Reading a smaller one takes less time than the way there and back. */
const LARGE_BODY_BYTES = 64 * 1024;
/** A smaller body with more faults goes to a body thread too: listing a fault takes longer than finding it. */
const FAULTS_MAX = 1000;
/** The body threads' queue holds at most this many times MAX_BODY_BYTES. */
const WAITING_BODIES_MAX = 4;
/** What a body may take its time for. */
const UPLOAD_TIMES = { idle_ms: 10_000, grace_ms: 20_000, bytesPerS: 500 };

/**
 * Takes bodies of every content type as bytes, malformed types included, as FastAPI does. Routes with a body schema that
 * are added from now on find their body read and validated.
 */
export function registerBodyParsers(app: FastifyInstance, config: Config): void {
  app.removeAllContentTypeParsers();
  const uploads = new Uploads({ bytesMax: uploadBytesOfThread(config), ...UPLOAD_TIMES });
  // Every typed body gets ANY_TYPE below, which Fastify finds at once; '*' is for bodies without a type.
  app.addContentTypeParser([ANY_TYPE, '*'], gatherBody(config.MAX_BODY_BYTES, uploads));
  app.decorateRequest(CONTENT_TYPE);
  app.addHook('onRequest', (request, _reply, done) => {
    const { headers } = request.raw;
    (request as TypedRequest)[CONTENT_TYPE] = headers['content-type'];
    // Fastify would refuse a malformed type before any parser sees the body.
    if (headers['content-type'] !== undefined) headers['content-type'] = ANY_TYPE;
    done();
  });
  const largeBodies = largeBodyReader(config);
  app.addHook('onClose', () => largeBodies.close());
  app.addHook('onRoute', (route) => {
    if (route.schema?.body !== undefined) route.preValidation = bodyHook(idOf(route.schema.body), largeBodies);
  });
  // Bodies are validated as they are read, and parameters need no validation: Fastify has nothing to validate.
  app.setValidatorCompiler(() => (value) => ({ value }));
}

type TypedRequest = FastifyRequest & { [CONTENT_TYPE]?: string | undefined };

function largeBodyReader(config: Config): LargeBodyReader {
  const limits = {
    listItems: Math.max(config.MAX_BATCH_SIZE, config.MAX_OPENAI_INPUTS),
    stringBytes: Math.max(config.MAX_TEXT_BYTES, config.MAX_METADATA_BYTES),
  };
  return new LargeBodyReader({ limits, waitingBytesMax: config.MAX_BODY_BYTES * WAITING_BODIES_MAX });
}

function bodyHook(schemaId: string, largeBodies: LargeBodyReader): preValidationHookHandler {
  const readNow = bodyReader(schemaId);
  return (request, reply, done) => {
    const bytes = request.body instanceof BodyBytes ? request.body : new BodyBytes();
    const contentType = (request as TypedRequest)[CONTENT_TYPE];
    const accept = (body: unknown) => {
      request.body = body;
      done();
    };
    const readLater = () => {
      largeBodies.read({ bytes, contentType, schemaId, signal: answerSignal(reply) }).then(accept, done);
    };
    if (bytes.length > LARGE_BODY_BYTES) return readLater();
    let body: unknown;
    try {
      body = readNow(bytes.join(), contentType, FAULTS_MAX);
    } catch (error) {
      return error instanceof TooManyFaults ? readLater() : done(error as Error);
    }
    accept(body);
  };
}
