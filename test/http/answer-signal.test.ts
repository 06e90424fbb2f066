/** The signal of an answer aborts once nobody waits for it, even if that was before anybody asked for the signal. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import Fastify from 'fastify';
import { afterAll, test } from 'vitest';
import { answerSignal, registerAnswerSignals } from '../../src/http/answer-signal.ts';

const app = Fastify();
afterAll(() => app.close());
const arrived = { early: Promise.withResolvers<void>(), late: Promise.withResolvers<void>() };
const aborted = { early: Promise.withResolvers<boolean>(), late: Promise.withResolvers<boolean>() };
registerAnswerSignals(app);
app.get('/early', async (_request, reply) => {
  const signal = answerSignal(reply);
  assert.equal(answerSignal(reply), signal, 'a request has one signal');
  arrived.early.resolve();
  await once(signal, 'abort');
  aborted.early.resolve(signal.aborted);
});
app.get('/late', async (_request, reply) => {
  const gone = once(reply.raw, 'close');
  arrived.late.resolve();
  await gone;
  aborted.late.resolve(answerSignal(reply).aborted);
});
const { port } = new URL(await app.listen({ port: 0 }));

test.each(['early', 'late'] as const)('a client hangs up; the signal is asked for %s', async (path) => {
  const socket = connect(Number(port), '127.0.0.1');
  socket.write(`GET /${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
  await arrived[path].promise;
  socket.destroy();
  assert.equal(await aborted[path].promise, true);
});
