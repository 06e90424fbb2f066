/** GET /openapi.json and the page at /docs, both made from the routes' schemas. */
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { sendJson } from './answers/send-json.ts';

/** Call it before the routes that it describes are added. */
export async function describeRoutes(app: FastifyInstance, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Cosimo',
        description: 'Embeds text and searches it by meaning, exactly, in one process.',
        version,
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      // Addresses are relative to where the document was fetched from.
      servers: [{ url: '/' }],
    },
    refResolver: { buildLocalReference: (json, _base, _fragment, at) => String(json['$id'] ?? `def-${at}`) },
  });
  await app.register(swaggerUi, { routePrefix: '/docs' });
  app.get('/openapi.json', { schema: { hide: true } }, (_request, reply) =>
    sendJson(reply, 200, JSON.stringify(app.swagger())),
  );
}
