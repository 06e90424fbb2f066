/** The native encoder: refused arguments, cancelling, closing, and environments that end with work in flight. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { describe, test } from 'vitest';
import { createNativeEncoder } from '../../../src/encoder/native/native-encoder.ts';
import { nativeModel } from '../../../src/encoder/native/native-model.ts';
import { readModel } from '../../../src/model/model.ts';
import { readModelConfig } from '../../../src/model/model-config.ts';
import { readWeights, type Weights } from '../../../src/model/weights.ts';
import { native } from '../../../src/native/binding.ts';
import { LONGEST, randomModel, VOCABULARY } from '../../support/models/random-model.ts';
import { withRetries } from '../../support/with-retries.ts';

const BINDING = new URL('../../../src/native/binding.ts', import.meta.url).href;

const dir = randomModel({ layers: 12 });
const weights = (await readWeights(dir)) as Extract<Weights, { kind: 'tensors' }>;
const model = nativeModel(dir, await readModelConfig(dir), weights);
const options = { precision: 'fp32', threads: 2, model } as const;

/** Texts of the greatest length, which take long to encode. */
const texts = (count: number) => Array.from({ length: count }, () => new Int32Array(LONGEST).fill(7));
const MANY = texts(2000);

async function loaded() {
  const encoder = new native.TransformerEncoder(options);
  await encoder.load();
  return encoder;
}

describe('calls refuse', () => {
  test('bad options, in a sentence each', () => {
    const bad: [change: object, message: RegExp][] = [
      [{ threads: 0 }, /^threads must be an integer from 1 to 1024$/],
      [{ precision: 'fp16' }, /^precision must be 'fp32', 'bf16' or 'int8'$/],
      [{ model: undefined }, /^model must be an object$/],
      [{ model: { ...model, hiddenSize: 100 } }, /^model: its hidden size 100 is not a multiple of 64$/],
      [{ model: { ...model, hiddenSize: 64 << 10 } }, /^model: its hidden size 65536 is more than 16384$/],
      [{ model: { ...model, heads: 4 } }, /^model: its heads of 16 are not of a multiple of 32$/],
      [{ model: { ...model, intermediateSize: 65 } }, /^model: its intermediate size 65 is not a multiple of 64$/],
      [{ model: { ...model, vocabSize: 0 } }, /^vocabSize must be an integer from 1/],
      [{ model: { ...model, maxPositions: 1.5 } }, /^maxPositions must be an integer/],
      [{ model: { ...model, layerNormEps: Number.NaN } }, /^layerNormEps must be a number$/],
      [{ model: { ...model, pooling: 'median' } }, /^pooling must be 'mean', 'cls' or 'max'$/],
      [{ model: { ...model, normalize: 1 } }, /^normalize must be a boolean$/],
      [{ model: { ...model, paddingId: VOCABULARY } }, /^paddingId must be an integer from 0 to 39$/],
      [{ model: { ...model, layers: [] } }, /^model\.layers must hold 1 to 1024 layers$/],
      [{ model: { ...model, layers: [{}] } }, /^model\.query must be an object$/],
      [{ model: { ...model, words: { ...model.words, dtype: 'I8' } } }, /^dtype must be 'F32', 'F16' or 'BF16'$/],
      [{ model: { ...model, words: { ...model.words, byteOffset: -1 } } }, /^byteOffset must be an integer from 0/],
      [{ model: { ...model, words: { ...model.words, path: 7 } } }, /^path must be a string$/],
    ];
    for (const [change, message] of bad) {
      const make = () => new native.TransformerEncoder({ ...options, ...change } as typeof options);
      assert.throws(make, { code: 'invalid_argument', message });
    }
    assert.throws(() => new native.TransformerEncoder(undefined as never), { code: 'invalid_argument' });
  });

  test('sizes that no kernel takes: whyUnsupported says why, and nothing of other sizes', () => {
    const why = (change: object) => native.TransformerEncoder.whyUnsupported({ ...model, ...change });
    assert.equal(why({}), undefined);
    assert.equal(why({ hiddenSize: 100 }), 'its hidden size 100 is not a multiple of 64');
    assert.equal(why({ hiddenSize: 64 << 10 }), 'its hidden size 65536 is more than 16384');
    assert.equal(why({ intermediateSize: 65 }), 'its intermediate size 65 is not a multiple of 64');
    assert.equal(why({ intermediateSize: 64 << 10 }), 'its intermediate size 65536 is more than 16384');
    assert.equal(why({ heads: 4 }), 'its heads of 16 are not of a multiple of 32');
    assert.throws(() => why({ heads: 0 }), { code: 'invalid_argument', message: /^heads must be an integer from 1/ });
    assert.throws(() => native.TransformerEncoder.whyUnsupported(7 as never), {
      code: 'invalid_argument',
      message: /^sizes must be an object$/,
    });
  });

  test('a precision without a kernel, and name those with one', () => {
    const script = `
      import { native } from ${JSON.stringify(BINDING)};
      try { new native.TransformerEncoder(${JSON.stringify({ ...options, precision: 'bf16' })}); }
      catch ({ code, message }) { console.log(code, message); }`;
    const env = { ...process.env, COSIMO_KERNEL: 'scalar' };
    const { stdout } = spawnSync(process.execPath, ['-e', script], {
      env,
      encoding: 'utf8',
      timeout: 60_000,
    });
    assert.match(
      stdout,
      /^invalid_setting No encoder kernel of this machine computes in bf16; with the search kernel scalar there are kernels for: fp32\n$/,
    );
  });

  test('batches before load() has ended, and bad texts and tickets', async () => {
    const encoder = new native.TransformerEncoder(options);
    const encode = (texts: unknown, ticket?: unknown) => encoder.encode(texts as Int32Array[], ticket as number);
    const two = [Int32Array.of(1), Int32Array.of(2, 3)];
    await assert.rejects(encode(two), { code: 'invalid_argument', message: /^load\(\) has to have ended/ });
    assert.deepEqual([encoder.memoryBytes, encoder.dimensions], [0, 64]);
    await encoder.load();
    await assert.rejects(encoder.load(), { code: 'invalid_argument', message: /^load\(\) has been called before$/ });
    const bad: [texts: unknown, ticket?: unknown][] = [
      [undefined],
      [Int32Array.of(1, 2, 3)],
      [[[1, 2, 3]]],
      [[...two, 1]],
      [[new Float32Array(3)]],
      [[...two, new Int32Array()]],
      [[...two, Int32Array.of(VOCABULARY)]],
      [[...two, Int32Array.of(-1)]],
      [[new Int32Array(1000)]],
      [two, 0],
      [two, 'one'],
    ];
    for (const args of bad) await assert.rejects(encode(...args), { code: 'invalid_argument' }, String(args));
    assert.equal((await encode(two, undefined)).length, 128);
    assert.equal((await encode([])).length, 0);
    encoder.close();
  });
});

test('ids are copied before the call returns, and a view is read from its offset', async () => {
  const encoder = await loaded();
  const expected = await encoder.encode([Int32Array.of(5, 6)]);
  const ids = Int32Array.of(9, 5, 6, 9);
  const texts = [ids.subarray(1, 3)];
  const encoded = encoder.encode(texts);
  ids.fill(0);
  texts.length = 0;
  assert.deepEqual(await encoded, expected);
  encoder.close();
});

describe('cancelling', () => {
  test('a signal ends a batch long before its time, and the others run on', () =>
    withRetries(async () => {
      const encoder = await createNativeEncoder({ model: await readModel(dir), precision: 'fp32', threads: 2 });
      const began_ms = performance.now();
      await encoder.encode(MANY);
      const whole_ms = performance.now() - began_ms;
      const leaving = new AbortController();
      const cancelled = encoder.encode(MANY, leaving.signal);
      const stays = encoder.encode(texts(1));
      await new Promise((resolve) => setTimeout(resolve, whole_ms / 10));
      const asked_ms = performance.now();
      leaving.abort();
      await assert.rejects(cancelled, { name: 'CosimoError', code: 'cancelled' });
      const waited_ms = performance.now() - asked_ms;
      assert.ok(waited_ms < whole_ms / 3, `${waited_ms} ms, of ${whole_ms} for the whole batch`);
      assert.equal((await stays).length, 64);
      await assert.rejects(encoder.encode(MANY, AbortSignal.abort()), { code: 'cancelled' });
      await encoder.close();
    }));

  test('a ticket ends its own batch alone; a ticket of no batch, or of one that has ended, does nothing', async () => {
    const encoder = await loaded();
    const batches = Array.from({ length: 200 }, (_, at) => encoder.encode(texts(1), at + 1));
    for (let ticket = 2; ticket <= 200; ticket += 2) encoder.cancel(ticket);
    const outcomes = await Promise.allSettled(batches);
    const codes = outcomes.map((outcome) => (outcome.status === 'fulfilled' ? 'encoded' : outcome.reason.code));
    assert.ok(codes.every((code, at) => code === 'encoded' || (at % 2 === 1 && code === 'cancelled')));
    assert.ok(codes.includes('cancelled'));
    encoder.cancel(1);
    encoder.cancel(12_345);
    assert.throws(() => encoder.cancel(0), { code: 'invalid_argument' });
    encoder.close();
  });
});

describe('closing', () => {
  test('batches that have not begun end with `closed`, and the memory goes with the last one', async () => {
    const encoder = await loaded();
    assert.ok(encoder.memoryBytes > 1e6);
    const batches = Array.from({ length: 20 }, () => encoder.encode(texts(500)));
    encoder.close();
    encoder.close();
    const outcomes = await Promise.allSettled(batches);
    const codes = outcomes.map((outcome) => (outcome.status === 'fulfilled' ? 'encoded' : outcome.reason.code));
    assert.ok(codes.includes('closed') && codes.every((code) => code === 'encoded' || code === 'closed'), codes.join());
    await assert.rejects(encoder.encode(texts(1)), { code: 'closed' });
    await new Promise(setImmediate);
    assert.equal(encoder.memoryBytes, 0);
  });

  test('load() rejects with `closed` when close() came before it or during it', async () => {
    const early = new native.TransformerEncoder(options);
    early.close();
    await assert.rejects(early.load(), { code: 'closed' });
    const encoder = new native.TransformerEncoder(options);
    const loading = encoder.load();
    encoder.close();
    await assert.rejects(loading, { code: 'closed' });
    assert.equal(encoder.memoryBytes, 0);
  });
});

describe('the end of an environment', () => {
  /** A script with an encoder, and `load()` that keeps it busy. */
  const BUSY = `
    import { native } from ${JSON.stringify(BINDING)};
    const encoder = new native.TransformerEncoder(${JSON.stringify(options)});
    await encoder.load();
    const texts = Array.from({ length: 100 }, () => new Int32Array(${LONGEST}).fill(3));
    const load = () => Array.from({ length: 10 }, (_, at) => encoder.encode(texts, at + 1));`;
  const runScript = (body: string, flags: string[] = []) =>
    spawnSync(process.execPath, [...flags, '--input-type=module', '-e', BUSY + body], {
      encoding: 'utf8',
      timeout: 60_000,
    });
  const startWorker = (body: string) => new Worker(new URL(`data:text/javascript,${encodeURIComponent(BUSY + body)}`));

  test('an idle encoder lets the process end; a batch keeps it until it settles', () => {
    const { status, signal, stdout, stderr } = runScript(`Promise.all(load()).then((all) => console.log(all.length));`);
    assert.deepEqual([status, signal, stdout], [0, null, '10\n'], stderr);
  });

  test('process.exit with work in flight ends at once and cleanly', () => {
    for (let round = 0; round < 6; round += 1) {
      const { status, signal, stderr } = runScript(`load(); setTimeout(() => process.exit(7), ${round});`);
      assert.deepEqual([status, signal, stderr], [7, null, '']);
    }
    const loading = `new native.TransformerEncoder(${JSON.stringify(options)}).load(); process.exit(7);`;
    const { status, signal, stderr } = runScript(loading);
    assert.deepEqual([status, signal, stderr], [7, null, '']);
  });

  test('worker.terminate with work in flight joins its threads and leaves the process sound', async () => {
    for (let round = 0; round < 8; round += 1) {
      const worker = startWorker(`
        import { parentPort } from 'node:worker_threads';
        parentPort.postMessage('busy');
        for (;;) {
          const again = new native.TransformerEncoder(${JSON.stringify(options)}).load();
          const all = load();
          encoder.cancel(3);
          await Promise.allSettled([...all, again]);
        }`);
      await once(worker, 'message');
      await new Promise((resolve) => setTimeout(resolve, round * 3));
      assert.equal(await worker.terminate(), 1);
    }
    const encoder = await loaded();
    assert.equal((await encoder.encode([Int32Array.of(1)])).length, 64);
    encoder.close();
  });

  test('an encoder that nobody holds is kept while it works, and collected afterwards', () => {
    const body = `
      const { promise, ref } = await (async () => {
        const lone = new native.TransformerEncoder(${JSON.stringify(options)});
        await lone.load();
        return { promise: lone.encode(texts), ref: new WeakRef(lone) };
      })();
      await new Promise(setImmediate);
      gc();
      const found = (await promise).length;
      for (let i = 0; i < 20 && ref.deref(); i++) { await new Promise((r) => setTimeout(r, 5)); gc(); }
      console.log(found, ref.deref() === undefined);`;
    const { stdout, stderr } = runScript(body, ['--expose-gc']);
    assert.equal(stdout, '6400 true\n', stderr);
  });
});
