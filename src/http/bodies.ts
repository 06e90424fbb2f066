/** How request bodies come in: bytes first, read as JSON only where a route asks for it. */
import type { FastifyInstance, FastifyRequest, preValidationHookHandler } from 'fastify';
import { readBody } from './json-body.ts';
import { compileLaxValidator } from './lax-validation.ts';

const CONTENT_TYPE = Symbol('content type');

/** Takes bodies of every content type as bytes, also of types that are no types, as FastAPI does. */
export function takeBodiesAsBytes(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, bytes, done) => done(null, bytes));
  app.addHook('onRequest', (request, _reply, done) => {
    const { headers } = request.raw;
    (request as TypedRequest)[CONTENT_TYPE] = headers['content-type'];
    // Fastify would refuse a malformed type before any parser sees the body.
    if (headers['content-type'] !== undefined) headers['content-type'] = 'application/octet-stream';
    done();
  });
  app.setValidatorCompiler(({ schema, httpPart }) => {
    if (httpPart !== 'body') return (value) => ({ value });
    return compileLaxValidator(schema as Parameters<typeof compileLaxValidator>[0]);
  });
}

type TypedRequest = FastifyRequest & { [CONTENT_TYPE]?: string | undefined };

/** For routes with a body schema: reads the bytes, so that validation finds a `RequestBody`. */
export const readJsonBody: preValidationHookHandler = (request, _reply, done) => {
  try {
    const bytes = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    request.body = readBody(bytes, (request as TypedRequest)[CONTENT_TYPE]);
    done();
  } catch (error) {
    done(error as Error);
  }
};
