/** Answers what no route takes: 404 to an unknown path, 405 with Allow to a known path with another method. */
import { METHODS } from 'node:http';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { sendDetail } from './answers/send-json.ts';

/** Sends the two errors. */
export interface UnmatchedAnswers {
  unknownPath(reply: FastifyReply): void;
  wrongMethod(reply: FastifyReply): void;
}

/** The answers in FastAPI's form. */
export const FASTAPI_ANSWERS: UnmatchedAnswers = {
  unknownPath: (reply) => void sendDetail(reply, 404, 'Not Found'),
  wrongMethod: (reply) => void sendDetail(reply, 405, 'Method Not Allowed'),
};

/**
 * Call the returned function after all routes: it adds a 405 route for the other methods of each path.
 * @param answersOf the answers that clients expect of a path
 */
export function answerUnmatched(app: FastifyInstance, answersOf: (url: string) => UnmatchedAnswers): () => void {
  app.setNotFoundHandler(({ url }, reply) => answersOf(url).unknownPath(reply));
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
    for (const [path, methods] of methodsByPath) addOtherMethods(app, path, methods, answersOf(path));
  };
}

function addOtherMethods(
  app: FastifyInstance,
  url: string,
  methods: ReadonlySet<string>,
  answers: UnmatchedAnswers,
): void {
  const allow = [...methods].sort().join(', ');
  app.route({
    url,
    method: app.supportedMethods.filter((name) => !methods.has(name)),
    schema: { hide: true },
    // This hook answers before the body is read.
    onRequest: (_request, reply, _done) => {
      answers.wrongMethod(reply.header('allow', allow));
    },
    handler: () => {},
  });
}
