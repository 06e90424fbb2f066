/** Abort signals for native objects that cancel by tickets: the same rules for all of them. */
import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'vitest';
import { CosimoError } from '../../src/errors.ts';
import { cancelledBy } from '../../src/native/cancellable.ts';

/** A stand-in for a native object: its calls settle when the test says so, and `cancel` rejects the call of a ticket. */
class Calls {
  readonly tickets: (number | undefined)[] = [];
  readonly #rejects = new Map<number, (error: Error) => void>();
  readonly #resolves: ((value: string) => void)[] = [];

  readonly begin = (ticket?: number) =>
    new Promise<string>((resolve, reject) => {
      this.tickets.push(ticket);
      this.#resolves.push(resolve);
      if (ticket !== undefined) this.#rejects.set(ticket, reject);
    });

  cancel(ticket: number): void {
    this.#rejects.get(ticket)?.(Object.assign(new Error('cancelled natively'), { code: 'cancelled' }));
  }

  end(at: number, value: string): void {
    this.#resolves[at]?.(value);
  }
}

const listeners = (signal: AbortSignal) => getEventListeners(signal, 'abort').length;
const isCancelled = (error: unknown) => error instanceof CosimoError && error.code === 'cancelled';

test('a call without a signal has no ticket', async () => {
  const calls = new Calls();
  const result = cancelledBy(undefined, calls, calls.begin);
  calls.end(0, 'found');
  assert.equal(await result, 'found');
  assert.deepEqual(calls.tickets, [undefined]);
});

test('a signal that has fired already begins nothing', async () => {
  const calls = new Calls();
  await assert.rejects(cancelledBy(AbortSignal.abort(), calls, calls.begin), isCancelled);
  assert.deepEqual(calls.tickets, []);
});

test('calls under way have different tickets, and a signal cancels its own call only', async () => {
  const calls = new Calls();
  const leaving = new AbortController();
  const staying = new AbortController();
  const cancelled = cancelledBy(leaving.signal, calls, calls.begin);
  const kept = cancelledBy(staying.signal, calls, calls.begin);
  assert.equal(new Set(calls.tickets).size, 2);
  leaving.abort();
  await assert.rejects(cancelled, isCancelled);
  calls.end(1, 'found');
  assert.equal(await kept, 'found');
  assert.deepEqual([listeners(leaving.signal), listeners(staying.signal)], [0, 0]);
});

test('another error passes unchanged and leaves no listener', async () => {
  const { signal } = new AbortController();
  const fault = Object.assign(new Error('too long'), { code: 'invalid_argument' });
  const result = cancelledBy(signal, new Calls(), () => Promise.reject(fault));
  await assert.rejects(result, (error: unknown) => error === fault);
  assert.equal(listeners(signal), 0);
});
