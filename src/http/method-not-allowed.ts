/** Answers 405 with Allow to a known path with another method; Fastify alone would answer 404. */
import { METHODS } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { sendDetail } from './answers/send-json.ts';

/** Call the returned function after all routes: it adds a 405 route for the other methods of each path. */
export function registerMethodNotAllowed(app: FastifyInstance): () => void {
  const methodsByPath = new Map<string, Set<string>>();
  for (const method of METHODS) {
    if (method !== 'CONNECT' && !app.supportedMethods.includes(method)) app.addHttpMethod(method, { hasBody: false });
  }
  let collecting = true;
  app.addHook('onRoute', ({ path, method }) => {
    if (!collecting) return;
    const methods = methodsByPath.get(path) ?? new Set();
    for (const name of [method].flat()) methods.add(name);
    methodsByPath.set(path, methods);
  });
  return () => {
    collecting = false;
    for (const [path, methods] of methodsByPath) addOtherMethods(app, path, methods);
  };
}

function addOtherMethods(app: FastifyInstance, url: string, methods: ReadonlySet<string>): void {
  const allow = [...methods].sort().join(', ');
  app.route({
    url,
    method: app.supportedMethods.filter((name) => !methods.has(name)),
    schema: { hide: true },
    // This hook answers before the body is read.
    onRequest: (_request, reply, _done) => {
      sendDetail(reply.header('allow', allow), 405, 'Method Not Allowed');
    },
    handler: () => {},
  });
}
