/** Threads that answer requests: how they start, which messages cross, and which errors callers get when they end. */
import assert from 'node:assert/strict';
import { test, vi } from 'vitest';
import { CosimoError } from '../../src/errors.ts';
import { WorkerThread, type WorkerThreadOptions } from '../../src/workers/worker-thread.ts';
import type { ParentCalls, WorkerProgramCalls, WorkerProgramOptions } from '../support/worker-program.ts';

/** A test waits for ever when a message is not sent; the timeout ends it. */
vi.setConfig({ testTimeout: 20_000 });

type Surroundings = Partial<Omit<WorkerThreadOptions<ParentCalls>, 'options'>>;

function start(options: WorkerProgramOptions = {}, surroundings: Surroundings = {}) {
  const program = new URL('../support/worker-program.ts', import.meta.url);
  return WorkerThread.start<WorkerProgramCalls, { readonly greeting: string }, ParentCalls>({
    program,
    name: 'test',
    options,
    ...surroundings,
  });
}

const lost = (cause: Error) => new CosimoError('encoder_lost', undefined, { cause });

test('a thread tells what it has to tell once it is ready; its log lines come too', async () => {
  const lines: string[] = [];
  const thread = await start({}, { log: (line) => lines.push(line) });
  assert.deepEqual([thread.ready, lines, thread.alive], [{ greeting: 'hello' }, ['starting'], true]);
  await thread.close();
  await thread.ended;
  assert.equal(thread.alive, false);
});

test('a thread that fails before it is ready: the start fails with its error, code and all', async () => {
  const errors: string[] = [];
  const onError = ({ message }: Error) => void errors.push(message);
  const refused = await start({ failure: { code: 'model_invalid', message: 'No model' } }, { onError }).catch((e) => e);
  assert.ok(refused instanceof CosimoError);
  assert.deepEqual([refused.code, refused.message], ['model_invalid', 'No model']);
  await assert.rejects(start({ failure: { message: 'In use' } }), { message: 'In use', code: 'EADDRINUSE' });
  const notStarted = ({ message }: Error) => new CosimoError('model_invalid', `No start: ${message}`);
  await assert.rejects(start({ failure: { message: 'In use' } }, { notStarted }), {
    code: 'model_invalid',
    message: 'No start: In use',
  });
  assert.deepEqual(errors, ['No model']);
});

test('requests go both ways, and errors keep their code', async () => {
  const thread = await start({}, { handlers: { double: (value) => 2 * value, wait: () => {} } });
  assert.equal(await thread.client.request('askParent', 20), 41);
  const failure = await thread.client.request('fail', { code: 'queue_full', retryAfter_s: 3 }).catch((error) => error);
  assert.ok(failure instanceof CosimoError);
  assert.deepEqual([failure.code, failure.message, failure.retryAfter_s], ['queue_full', 'It failed', 3]);
  await thread.close();
});

test('a cancelled request rejects at once, and its handler hears of it', async () => {
  const heard = Promise.withResolvers<string>();
  const thread = await start({}, { log: (line) => line === 'cancelled' && heard.resolve(line) });
  const controller = new AbortController();
  const waiting = thread.client.request('wait', null, controller.signal);
  controller.abort();
  await assert.rejects(waiting, { code: 'cancelled' });
  assert.equal(await heard.promise, 'cancelled');
  await thread.close();
});

test('buffers are handed over to the thread', async () => {
  const thread = await start();
  const bytes = Uint8Array.of(1, 2, 3);
  const answer = thread.client.request('increment', bytes, undefined, [bytes.buffer]);
  assert.equal(bytes.byteLength, 0);
  assert.deepEqual(await answer, Uint8Array.of(2, 3, 4));
  await thread.close();
});

test('when a thread dies, pending requests are rejected, and so are later ones', async () => {
  for (const [end, cause] of [
    ['crash', 'Out of luck'],
    ['exit', 'The thread "test" has ended'],
  ] as const) {
    const errors: string[] = [];
    const thread = await start({}, { lost, onError: ({ message }) => errors.push(message) });
    const pending = [thread.client.request('wait', null), thread.client.request('block', 10)];
    pending.push(end === 'crash' ? thread.client.request('crash', cause) : thread.client.request('exit', null));
    const [waiting, , ending] = await Promise.allSettled(pending);
    for (const outcome of [waiting, ending]) {
      assert.ok(outcome?.status === 'rejected');
      assert.deepEqual([outcome.reason.code, outcome.reason.cause.message], ['encoder_lost', cause]);
    }
    assert.equal(thread.alive, false);
    await assert.rejects(thread.client.request('block', 0), { code: 'encoder_lost' });
    await thread.ended;
    assert.deepEqual(errors, end === 'crash' ? [cause] : []);
    await thread.close();
  }
});

test('when a thread dies, what it has asked for is called off', async () => {
  const asked = Promise.withResolvers<AbortSignal>();
  const wait = (_: null, { signal }: { readonly signal: AbortSignal }) => {
    asked.resolve(signal);
    return new Promise<void>(() => {});
  };
  const thread = await start({}, { handlers: { double: (value) => value, wait } });
  const asking = assert.rejects(thread.client.request('askInVain', null));
  const signal = await asked.promise;
  assert.equal(signal.aborted, false);
  await thread.terminate();
  await thread.ended;
  assert.equal(signal.aborted, true);
  await asking;
});

test('close() waits for pending requests, terminate() does not', async () => {
  const closed = await start();
  const answer = closed.client.request('block', 300);
  await closed.close();
  assert.equal(await answer, 'done');
  const terminated = await start({}, { lost });
  const cut = assert.rejects(terminated.client.request('block', 60_000), { code: 'encoder_lost' });
  await terminated.terminate();
  await cut;
});
