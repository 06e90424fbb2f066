import assert from 'node:assert/strict';
import { MessageChannel } from 'node:worker_threads';
import { onTestFinished, test } from 'vitest';
import { CosimoError } from '../../src/errors.ts';
import { answerCalls, Caller, type Handlers } from '../../src/workers/calls.ts';

interface Sums {
  add(args: { a: number; b: number }): number;
  wait(args: null): string;
  fail(args: { code: boolean }): void;
}

function connect(handlers: Partial<Handlers<Sums>>) {
  const { port1, port2 } = new MessageChannel();
  answerCalls<Sums>(port1, { add: ({ a, b }) => a + b, wait: () => '', fail: () => {}, ...handlers });
  return { caller: new Caller<Sums>(port2), close: () => port2.close() };
}

test('calls are answered, each with its own result', async () => {
  const { caller, close } = connect({
    add: async ({ a, b }) => new Promise((r) => setTimeout(() => r(a + b), 20 - a)),
  });
  onTestFinished(close);
  const sums = await Promise.all(Array.from({ length: 20 }, (_, a) => caller.call('add', { a, b: 100 })));
  assert.deepEqual(
    sums,
    Array.from({ length: 20 }, (_, a) => a + 100),
  );
});

test('errors keep code, sentence and when to come back; faults keep their message', async () => {
  const { caller, close } = connect({
    fail: ({ code }) => {
      throw code ? new CosimoError('queue_full', 'Full', { retryAfter_s: 7 }) : new RangeError('A fault');
    },
  });
  onTestFinished(close);
  const refusal = await caller.call('fail', { code: true }).catch((error: unknown) => error);
  assert.ok(refusal instanceof CosimoError);
  assert.deepEqual([refusal.code, refusal.message, refusal.retryAfter_s], ['queue_full', 'Full', 7]);
  await assert.rejects(caller.call('fail', { code: false }), { message: 'A fault' });
});

test("the caller's signal ends the call on both sides", async () => {
  const heard = Promise.withResolvers<void>();
  const { caller, close } = connect({
    wait: (_, signal) => {
      signal.addEventListener('abort', () => heard.resolve());
      return new Promise(() => {});
    },
  });
  onTestFinished(close);
  const controller = new AbortController();
  const waiting = caller.call('wait', null, controller.signal);
  controller.abort();
  await assert.rejects(waiting, { code: 'cancelled' });
  await heard.promise;
  await assert.rejects(caller.call('add', { a: 1, b: 2 }, controller.signal), { code: 'cancelled' });
});

test('an answer counts as kept until the signal fires, or at once where there is none', async () => {
  const over: string[] = [];
  const { caller, close } = connect({
    wait: (_, signal) => {
      signal.addEventListener('abort', () => over.push('wait'));
      return 'done';
    },
    add: (_, signal) => {
      signal.addEventListener('abort', () => over.push('add'));
      return 0;
    },
  });
  onTestFinished(close);
  const controller = new AbortController();
  assert.equal(await caller.call('wait', null, controller.signal), 'done');
  await caller.call('add', { a: 0, b: 0 });
  await caller.call('fail', { code: true });
  assert.deepEqual(over, ['add']);
  controller.abort();
  await caller.call('fail', { code: true });
  assert.deepEqual(over, ['add', 'wait']);
});

test('when the calling thread is gone, whatever it asked for is called off', async () => {
  const heard = Promise.withResolvers<void>();
  const { caller, close } = connect({
    wait: (_, signal) => {
      signal.addEventListener('abort', () => heard.resolve());
      return new Promise(() => {});
    },
  });
  void caller.call('wait', null);
  await caller.call('fail', { code: true }); // the call has arrived
  close();
  await heard.promise;
});
