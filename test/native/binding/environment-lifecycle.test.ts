/** Processes, workers and indexes end while native work is in flight: nothing crashes or hangs. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { test } from 'vitest';
import { native } from '../../../src/native/binding.ts';

const BINDING = new URL('../../../src/native/binding.ts', import.meta.url).href;

/** A script with an index whose searches take a while, and `load()` that keeps both pools busy. */
const BUSY = `
  import { native } from ${JSON.stringify(BINDING)};
  const dimensions = 128, rows = 30000;
  const index = new native.VectorIndex({ dimensions, threads: 2 });
  index.addMany(Float64Array.from({ length: rows }, (_, i) => i), new Float32Array(rows * dimensions).fill(0.01));
  const query = new Float32Array(dimensions).fill(0.01);
  const cache = new native.EmbeddingCache({ dimensions, capacityBytes: 1e6 });
  cache.set('a', query);
  const load = () => [
    ...Array.from({ length: 20 }, () => index.search(query, 1000, -1)),
    ...Array.from({ length: 20 }, () => native.vectorsJson(Array(50).fill(query))),
  ];`;

function runScript(body: string, flags: string[] = []) {
  const args = [...flags, '--input-type=module', '-e', BUSY + body];
  return spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 60_000 });
}

const startWorker = (body: string) => new Worker(new URL(`data:text/javascript,${encodeURIComponent(BUSY + body)}`));

test('an idle addon lets the process end', () => {
  const { status, signal, stderr } = runScript(`await Promise.all(load()); console.log('done')`);
  assert.deepEqual([status, signal], [0, null], stderr);
});

test('a pending promise keeps the process until it settles', () => {
  const body = `Promise.all(load()).then((all) => console.log('settled', all.length));`;
  const { stdout, status } = runScript(body);
  assert.deepEqual([status, stdout], [0, 'settled 40\n']);
});

test('process.exit with work in flight ends at once and cleanly', () => {
  for (let round = 0; round < 8; round++) {
    const { status, signal, stderr } = runScript(`load(); setTimeout(() => process.exit(7), ${round});`);
    assert.deepEqual([status, signal, stderr], [7, null, '']);
  }
});

test('an uncaught error with work in flight exits as any other', () => {
  const { status, signal } = runScript(`load(); setImmediate(() => { throw new Error('on purpose'); });`);
  assert.deepEqual([status, signal], [1, null]);
});

test('close during searches settles every promise, then the process ends', () => {
  const body = `
    const all = load();
    setTimeout(async () => {
      index.close();
      const outcomes = await Promise.allSettled(all);
      console.log(outcomes.every((o) => o.status === 'fulfilled' || o.reason.code === 'closed'));
    }, 3);`;
  assert.equal(runScript(body).stdout, 'true\n');
});

test('an index that nobody holds is kept while it is searched, and collected afterwards', () => {
  const body = `
    const { promise, ref } = (() => {
      const lone = new native.VectorIndex({ dimensions: 1, threads: 1 });
      lone.addMany(Float64Array.from({ length: 100000 }, (_, i) => i), new Float32Array(100000).fill(1));
      return { promise: lone.search(Float32Array.of(1), 3, -1), ref: new WeakRef(lone) };
    })();
    gc();
    const found = (await promise).keys.length;
    for (let i = 0; i < 20 && ref.deref(); i++) { await new Promise((r) => setTimeout(r, 5)); gc(); }
    console.log(found, ref.deref() === undefined);`;
  const { stdout, stderr } = runScript(body, ['--expose-gc']);
  assert.equal(stdout, '3 true\n', stderr);
});

test('workers load the addon beside the main thread and answer for themselves', async () => {
  const report = `
    import { parentPort } from 'node:worker_threads';
    await Promise.all(load());
    parentPort.postMessage([native.kernel, index.size]);`;
  const workers = [startWorker(report), startWorker(report), startWorker(report)];
  const ended = Promise.all(workers.map((worker) => once(worker, 'exit')));
  const messages = await Promise.all(workers.map((worker) => once(worker, 'message')));
  for (const [message] of messages) assert.deepEqual(message, [native.kernel, 30000]);
  for (const [code] of await ended) assert.equal(code, 0);
  const index = new native.VectorIndex({ dimensions: 1, threads: 1 });
  index.add(1, Float32Array.of(1));
  assert.equal((await index.search(Float32Array.of(1), 1, 0)).keys[0], 1);
});

/** Cancels every second of twenty searches while they wait or run. */
const CANCEL = `
  const cancelSome = (first) => {
    const searches = Array.from({ length: 20 }, (_, i) => index.search(query, 1000, -1, first + i));
    setImmediate(() => { for (let i = 0; i < 20; i += 2) index.cancel(first + i); });
    return searches;
  };`;

test('cancelled searches let the process end, each settled by itself', () => {
  const body = `${CANCEL}
    const outcomes = await Promise.allSettled(cancelSome(1));
    const codes = outcomes.map(({ reason }) => reason?.code ?? 'found');
    console.log(codes.filter((code, i) => i % 2 === 1 && code === 'found').length, new Set(codes).size <= 2);`;
  const { status, signal, stdout, stderr } = runScript(body);
  assert.deepEqual([status, signal, stdout], [0, null, '10 true\n'], stderr);
});

test('process.exit and worker.terminate amid cancelling end cleanly', async () => {
  for (let round = 0; round < 4; round++) {
    const { status, signal, stderr } = runScript(`${CANCEL}
      for (const search of cancelSome(1)) search.catch(() => {});
      setTimeout(() => process.exit(7), ${round});`);
    assert.deepEqual([status, signal, stderr], [7, null, '']);
  }
  for (let round = 0; round < 6; round++) {
    const worker = startWorker(`${CANCEL}
      import { parentPort } from 'node:worker_threads';
      parentPort.postMessage('busy');
      for (let first = 1; ; first += 20) await Promise.allSettled(cancelSome(first));`);
    await once(worker, 'message');
    await new Promise((resolve) => setTimeout(resolve, round * 2));
    assert.equal(await worker.terminate(), 1);
  }
});

test('worker.terminate with work in flight joins its threads and leaves the process sound', async () => {
  const forever = `
    import { parentPort } from 'node:worker_threads';
    parentPort.postMessage('busy');
    for (;;) await Promise.all(load());`;
  for (let round = 0; round < 10; round++) {
    const worker = startWorker(forever);
    await once(worker, 'message');
    await new Promise((resolve) => setTimeout(resolve, round * 2));
    assert.equal(await worker.terminate(), 1);
  }
  assert.equal((await native.vectorsJson([Float32Array.of(1)])).toString(), '[1]');
});

test('process.exit inside a worker with work in flight ends that worker only', async () => {
  for (let round = 0; round < 5; round++) {
    const worker = startWorker(`load(); setTimeout(() => process.exit(3), ${round});`);
    const [code] = await once(worker, 'exit');
    assert.equal(code, 3);
  }
});
