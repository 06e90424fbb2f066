/** Calls between threads: answers, failures, cancellation, and the end of either side. */
import assert from 'node:assert/strict';
import { MessageChannel } from 'node:worker_threads';
import { onTestFinished, test, vi } from 'vitest';
import { CosimoError } from '../../src/errors.ts';
import { RpcClient } from '../../src/workers/rpc-client.ts';
import { type Handlers, RpcServer, Transferred } from '../../src/workers/rpc-server.ts';

/** A test waits for ever when a message is not sent; the timeout ends it. */
vi.setConfig({ testTimeout: 20_000 });

interface Sums {
  add(args: { a: number; b: number }): number;
  wait(args: null): string;
  fail(args: { code: boolean }): void;
  /** Adds one to each byte. */
  increment(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer>;
}

function connect(handlers: Partial<Handlers<Sums>>) {
  const { port1, port2 } = new MessageChannel();
  const increment = (bytes: Uint8Array<ArrayBuffer>) => bytes.map((byte) => byte + 1);
  const server = new RpcServer<Sums>(
    { add: ({ a, b }) => a + b, wait: () => '', fail: () => {}, increment, ...handlers },
    (message, transfer) => port1.postMessage(message, transfer),
  );
  const client = new RpcClient<Sums>((message, transfer) => port2.postMessage(message, transfer));
  port1.on('message', (message) => server.receive(message));
  port2.on('message', (message) => client.receive(message));
  return { client, server, close: () => port2.close() };
}

test('requests are answered, each with its own result', async () => {
  const { client, close } = connect({
    add: async ({ a, b }) => new Promise((r) => setTimeout(() => r(a + b), 20 - a)),
  });
  onTestFinished(close);
  const sums = await Promise.all(Array.from({ length: 20 }, (_, a) => client.request('add', { a, b: 100 })));
  assert.deepEqual(
    sums,
    Array.from({ length: 20 }, (_, a) => a + 100),
  );
});

test('errors keep code, sentence and when to come back; faults keep their message', async () => {
  const { client, close } = connect({
    fail: ({ code }) => {
      throw code ? new CosimoError('queue_full', 'Full', { retryAfter_s: 7 }) : new RangeError('A fault');
    },
  });
  onTestFinished(close);
  const refusal = await client.request('fail', { code: true }).catch((error: unknown) => error);
  assert.ok(refusal instanceof CosimoError);
  assert.deepEqual([refusal.code, refusal.message, refusal.retryAfter_s], ['queue_full', 'Full', 7]);
  await assert.rejects(client.request('fail', { code: false }), { message: 'A fault' });
});

test("the client's signal ends the request on both sides", async () => {
  const signals: AbortSignal[] = [];
  const { client, close } = connect({
    wait: (_, { signal }) => {
      signals.push(signal);
      return new Promise(() => {});
    },
  });
  onTestFinished(close);
  const controller = new AbortController();
  const waiting = client.request('wait', null, controller.signal);
  controller.abort();
  await assert.rejects(waiting, { code: 'cancelled' });
  await client.request('fail', { code: true }); // the server has taken what was sent before
  assert.deepEqual(
    signals.map(({ aborted }) => aborted),
    [true],
  );
  await assert.rejects(client.request('add', { a: 1, b: 2 }, controller.signal), { code: 'cancelled' });
});

test('a response counts as kept until the signal fires, or at once where there is none', async () => {
  const over: string[] = [];
  const { client, close } = connect({
    wait: (_, { signal }) => {
      signal.addEventListener('abort', () => over.push('wait'));
      return 'done';
    },
    add: (_, { signal }) => {
      signal.addEventListener('abort', () => over.push('add'));
      return 0;
    },
  });
  onTestFinished(close);
  const controller = new AbortController();
  assert.equal(await client.request('wait', null, controller.signal), 'done');
  await client.request('add', { a: 0, b: 0 });
  await client.request('fail', { code: true });
  assert.deepEqual(over, ['add']);
  controller.abort();
  await client.request('fail', { code: true });
  assert.deepEqual(over, ['add', 'wait']);
});

test('when the asking thread is gone, whatever it asked for is called off', async () => {
  const signals: AbortSignal[] = [];
  const { client, server, close } = connect({
    wait: (_, { signal }) => {
      signals.push(signal);
      return new Promise(() => {});
    },
  });
  onTestFinished(close);
  void client.request('wait', null);
  await client.request('fail', { code: true }); // the request has arrived
  const aborted = () => signals.map((signal) => signal.aborted);
  assert.deepEqual(aborted(), [false]);
  server.close();
  assert.deepEqual(aborted(), [true]);
});

test('when the answering thread is gone, pending requests reject with what it has ended by, and so do later ones', async () => {
  const { client, close } = connect({ wait: () => new Promise(() => {}) });
  onTestFinished(close);
  const controller = new AbortController();
  const waiting = [client.request('wait', null), client.request('wait', null, controller.signal)];
  client.close(new CosimoError('encoder_lost'));
  for (const request of waiting) await assert.rejects(request, { code: 'encoder_lost' });
  await assert.rejects(client.request('add', { a: 1, b: 2 }), { code: 'encoder_lost' });
  controller.abort();
});

test('idle() waits for pending requests, failing ones too', async () => {
  const failed = Promise.withResolvers<string>();
  const { client, close } = connect({ wait: () => failed.promise });
  onTestFinished(close);
  await client.idle();
  const waiting = assert.rejects(client.request('wait', null), { message: 'Late' });
  let isIdle = false;
  const idle = client.idle().then(() => {
    isIdle = true;
  });
  await client.request('add', { a: 1, b: 2 });
  assert.equal(isIdle, false);
  failed.reject(new Error('Late'));
  await Promise.all([idle, waiting]);
});

test('a transferred buffer is handed over, not copied: in a request and in a result', async () => {
  let result: Uint8Array<ArrayBuffer> | undefined;
  const { client, close } = connect({
    increment: (bytes) => {
      result = bytes.map((byte) => byte + 1);
      return new Transferred(result, [result.buffer]);
    },
  });
  onTestFinished(close);
  const copied = Uint8Array.of(1, 2);
  assert.deepEqual(await client.request('increment', copied), Uint8Array.of(2, 3));
  assert.equal(copied.byteLength, 2);
  assert.equal(result?.byteLength, 0);
  const given = Uint8Array.of(3, 4);
  const answer = client.request('increment', given, undefined, [given.buffer]);
  assert.equal(given.byteLength, 0);
  assert.deepEqual(await answer, Uint8Array.of(4, 5));
});

test('a result that cannot be cloned is an error, not silence', async () => {
  const { client, close } = connect({ wait: () => (() => '') as never });
  onTestFinished(close);
  await assert.rejects(client.request('wait', null), /could not be cloned/);
});
