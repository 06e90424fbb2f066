/** The supervisor restarts what has died: once for all callers, with a delay after an early death, and never after close. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished, test } from 'vitest';
import { type Supervised, Supervisor, type SupervisorOptions } from '../../src/workers/supervisor.ts';

/** A resource that dies when a test says so. */
class Supervisee implements Supervised {
  readonly #end = Promise.withResolvers<void>();
  readonly ended = this.#end.promise;
  alive = true;
  closed = false;

  die(): void {
    this.alive = false;
    this.#end.resolve();
  }

  async close(): Promise<void> {
    this.closed = true;
    this.die();
  }
}

function supervise(options: Partial<SupervisorOptions<Supervisee>> = {}) {
  const started: Supervisee[] = [];
  let restarts = 0;
  const supervisor = new Supervisor<Supervisee>({
    start: async () => {
      await sleep(5);
      const supervisee = new Supervisee();
      started.push(supervisee);
      return supervisee;
    },
    onRestart: () => {
      restarts += 1;
    },
    ...options,
  });
  onTestFinished(() => supervisor.close());
  return { supervisor, started, restarts: () => restarts };
}

async function until(condition: () => boolean): Promise<void> {
  const deadline_ms = performance.now() + 10_000;
  while (!condition()) {
    assert.ok(performance.now() < deadline_ms, 'in time');
    await sleep(5);
  }
}

const ask = (supervisor: Supervisor<Supervisee>, count: number) =>
  Promise.all(Array.from({ length: count }, () => supervisor.get()));

test('it is started on first use, once for all who ask', async () => {
  const { supervisor, started, restarts } = supervise();
  await sleep(10);
  assert.equal(started.length, 0);
  const got = await ask(supervisor, 10);
  assert.deepEqual([started.length, new Set(got).size, restarts()], [1, 1, 0]);
  assert.equal(await supervisor.get(), got[0]);
});

test('what has died is started again once for all who ask, and not before anybody asks', async () => {
  const { supervisor, started, restarts } = supervise();
  const first = await supervisor.get();
  first.die();
  await sleep(30);
  assert.deepEqual([started.length, restarts()], [1, 0]);
  const got = await ask(supervisor, 10);
  assert.deepEqual([started.length, new Set(got).size, restarts()], [2, 1, 1]);
  assert.notEqual(got[0], first);
});

test('one that was started elsewhere is the first', async () => {
  const first = new Supervisee();
  const { supervisor, started, restarts } = supervise({ first });
  assert.equal(await supervisor.get(), first);
  first.die();
  assert.equal(await supervisor.get(), started[0]);
  assert.equal(restarts(), 1);
});

test('a start that fails is told to all who ask, and is tried again for the next one', async () => {
  let fails = true;
  const { supervisor } = supervise({
    start: async () => {
      if (fails) throw new Error('No start');
      return new Supervisee();
    },
  });
  const outcomes = await Promise.allSettled([supervisor.get(), supervisor.get()]);
  assert.deepEqual(
    outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason.message),
    ['No start', 'No start'],
  );
  fails = false;
  assert.ok((await supervisor.get()).alive);
});

test('with delays it is started again by itself; what dies young, later', async () => {
  const restart = { delay_ms: 20, shortLife_ms: 300 };
  const { supervisor, started, restarts } = supervise({ restart });
  const young = await supervisor.get();
  let died_ms = performance.now();
  young.die();
  await until(() => started.length === 2);
  assert.ok(performance.now() - died_ms >= restart.shortLife_ms);
  await sleep(restart.shortLife_ms);
  died_ms = performance.now();
  started[1]?.die();
  await until(() => restarts() === 2);
  await until(() => started.length === 3);
  assert.ok(performance.now() - died_ms < restart.shortLife_ms, 'it was old enough');
});

test('with delays a first start that fails is not tried again by itself', async () => {
  let tries = 0;
  const { supervisor, restarts } = supervise({
    restart: { delay_ms: 5, shortLife_ms: 10 },
    start: async () => {
      tries += 1;
      throw new Error('No start');
    },
  });
  for (const asked of [1, 2]) {
    await assert.rejects(supervisor.get(), { message: 'No start' });
    await sleep(100);
    assert.deepEqual([tries, restarts()], [asked, 0]);
  }
});

test('with delays, once one has lived, a start that fails is tried again by itself', async () => {
  let tries = 0;
  const { supervisor } = supervise({
    restart: { delay_ms: 5, shortLife_ms: 10 },
    start: async () => {
      tries += 1;
      if (tries === 2 || tries === 3) throw new Error('No start');
      return new Supervisee();
    },
  });
  (await supervisor.get()).die();
  await until(() => tries === 4);
  assert.ok((await supervisor.get()).alive);
  assert.equal(tries, 4);
});

test('close() closes the living one, also one that is being started; then nothing is started any more', async () => {
  const { supervisor, started } = supervise({ restart: { delay_ms: 1, shortLife_ms: 1 } });
  const starting = supervisor.get();
  await supervisor.close();
  assert.equal((await starting).closed, true);
  await assert.rejects(supervisor.get(), { code: 'closed' });
  const dead = supervise({ restart: { delay_ms: 1, shortLife_ms: 1 } });
  (await dead.supervisor.get()).die();
  await dead.supervisor.close();
  await sleep(30);
  assert.deepEqual([started.length, dead.started.length], [1, 1]);
});
