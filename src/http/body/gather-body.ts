/** Gathers a request body as it comes in, within the limits of one body and of all. */
import type { IncomingMessage } from 'node:http';
import { errorCodes, type FastifyContentTypeParser } from 'fastify';
import { CosimoError } from '../../errors.ts';
import { askForBody } from '../expect-continue.ts';
import { BodyBytes } from './body-bytes.ts';
import { discardBody } from './discarded-bodies.ts';
import type { RefusalReason, Upload, Uploads } from './uploads.ts';

/**
 * @param limit most bytes of one body
 * @returns a content type parser that gives `BodyBytes`, with the errors of Fastify's own parsers, 408 and 429
 */
export function gatherBody(limit: number, uploads: Uploads): FastifyContentTypeParser {
  return (request, payload, done) => {
    if (request.routeOptions.schema?.body === undefined) {
      discardBody(payload); // nobody wants it, as where there is no such call
      return done(null, new BodyBytes());
    }
    const { 'content-length': header } = request.raw.headers;
    const announced = header === undefined ? undefined : Number(header);
    if (announced !== undefined && announced > limit) {
      discardBody(payload);
      return done(tooLarge());
    }
    askForBody(request.raw);
    gather(payload, { announced, limit, uploads }, done);
  };
}

const gathering = new WeakMap<IncomingMessage, () => void>();

/** Nobody waits for the body any more: what comes of it is thrown away. */
export function stopGathering(request: IncomingMessage): void {
  gathering.get(request)?.();
}

interface Bounds {
  readonly announced: number | undefined;
  readonly limit: number;
  readonly uploads: Uploads;
}

const tooLarge = () => new errorCodes.FST_ERR_CTP_BODY_TOO_LARGE();

const REFUSALS: Readonly<Record<RefusalReason, () => Error>> = {
  'too many bytes': () => new CosimoError('queue_full', 'Too many bytes of request bodies are coming in'),
  'too slow': () => Object.assign(new Error('The request body came too slowly'), { statusCode: 408 }),
};

function gather(
  payload: IncomingMessage,
  { announced, limit, uploads }: Bounds,
  done: (error: Error | null, body: BodyBytes) => void,
): void {
  const body = new BodyBytes();
  const end = () => {
    payload.off('data', onData).off('end', onEnd).off('error', onError);
    uploads.end(upload);
    gathering.delete(payload);
  };
  const settle = (error: Error | null) => {
    end();
    if (error !== null) body.discard();
    done(error, body);
  };
  const refuse = (error: Error) => {
    discardBody(payload);
    settle(error);
  };
  const upload: Upload = {
    body,
    refuse: (reason) => (reason === 'too slow' ? settle(REFUSALS[reason]()) : refuse(REFUSALS[reason]())),
  };
  const onData = (chunk: Buffer | string) => {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    if (body.length + bytes.length > limit) return refuse(tooLarge());
    body.append(bytes, announced);
    uploads.grown(upload, bytes.length);
  };
  const onEnd = () => {
    const isWhole = announced === undefined || announced === body.length;
    settle(isWhole ? null : new errorCodes.FST_ERR_CTP_INVALID_CONTENT_LENGTH());
  };
  const onError = (error: Error) => settle(Object.assign(error, { statusCode: 400 }));
  gathering.set(payload, () => {
    end();
    body.discard();
    discardBody(payload);
  });
  uploads.begin(upload);
  payload.on('data', onData).on('end', onEnd).on('error', onError);
}
