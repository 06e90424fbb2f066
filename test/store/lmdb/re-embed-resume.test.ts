/** Re-embedding a store in several runs: what ends a run early, and how the next run goes on. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { open as openLmdb } from 'lmdb';
import { describe, test } from 'vitest';
import { CosimoError } from '../../../src/errors.ts';
import { type DigestModel, reembedWith, vectorOf } from '../../support/store/re-embed.ts';
import {
  assertSwitched,
  contents,
  contentsOf,
  documentOf,
  NEW,
  OLD,
  openStore,
  storeWith,
} from '../../support/store/store.ts';

describe('an end before its end', () => {
  /** Stops once `count` batches are stored. */
  async function stopAfter(count: number, dir: string, model: DigestModel): Promise<void> {
    const controller = new AbortController();
    const progress = { start() {}, advance: () => void (--count === 0 && controller.abort()) };
    await assert.rejects(reembedWith(dir, model, { progress, signal: controller.signal }), {
      code: 'cancelled',
      message: /^Stopped after \d+ of \d+ documents\. Run it again/,
    });
  }

  test('leaves the old model served; the same target goes on, another starts over, the old one gives it up', async () => {
    const dir = await storeWith(30, OLD);
    const before = await contents(dir, OLD);
    await stopAfter(3, dir, NEW);
    assert.deepEqual(await contents(dir, OLD), before);
    const other: DigestModel = { name: 'other', dimensions: 3 };
    await stopAfter(2, dir, other);
    await stopAfter(1, dir, other);
    const resumed = await reembedWith(dir, other);
    assert.equal(resumed.done, 12);
    assert.deepEqual(resumed.batches, [4, 4, 4, 4, 2]);
    await assertSwitched(dir, before, other);
    await stopAfter(3, dir, NEW);
    assert.equal((await reembedWith(dir, other)).outcome.kind, 'current');
    assert.equal((await reembedWith(dir, NEW)).done, 0);
    await assertSwitched(dir, before);
  });

  test('when all is encoded and not yet switched, the next run only switches', async () => {
    const dir = await storeWith(10, OLD);
    const before = await contents(dir, OLD);
    let advanced = 0;
    const advance = (documents: number) => {
      advanced += documents;
      if (advanced === 10) throw new Error('stopped');
    };
    await assert.rejects(reembedWith(dir, NEW, { progress: { start() {}, advance } }), { message: 'stopped' });
    assert.deepEqual(await contents(dir, OLD), before);
    const { done, batches } = await reembedWith(dir, NEW);
    assert.deepEqual([done, batches], [10, []]);
    await assertSwitched(dir, before);
  });

  test('what the old model writes between two runs is encoded, even under a version number that was there before', async () => {
    const ids = ['1', '3', '4', '5', '8', '9', 'a', 'b']; // the ids stored at first, except two
    const command = fc.oneof(
      fc.record({ kind: fc.constant('put' as const), id: fc.constantFrom(...ids), text: fc.string() }),
      fc.record({ kind: fc.constantFrom('delete' as const, 'delete newest' as const), id: fc.constantFrom(...ids) }),
      fc.record({ kind: fc.constant('reopen' as const) }),
      fc.record({ kind: fc.constant('re-embed' as const), batches: fc.integer({ min: 1, max: 4 }) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(command, { maxLength: 30 }), async (commands) => {
        const dir = await storeWith(8, OLD);
        let store = openStore(dir, OLD);
        for (const step of commands) {
          if (step.kind === 'put') await store.put(documentOf(step.id, step.text), vectorOf(OLD, step.text));
          else if (step.kind === 'delete') await store.delete(step.id);
          else if (step.kind === 'delete newest') {
            const newest = [...contentsOf(store, OLD.dimensions).values()].at(-1);
            if (newest !== undefined) await store.delete(newest.id);
          } else {
            await store.close();
            let left = step.kind === 're-embed' ? step.batches : 0;
            const encode = async (texts: readonly string[]) => {
              if (left-- === 0) throw new Error('stopped');
              return texts.map((text) => vectorOf(NEW, text));
            };
            if (left > 0) {
              const { outcome } = await reembedWith(dir, NEW, { encode, batchDocuments: 2 }).catch((error: Error) => {
                assert.equal(error.message, 'stopped');
                return { outcome: undefined };
              });
              if (outcome !== undefined) return void (await contents(dir, outcome.kind === 'empty' ? OLD : NEW));
            }
            store = openStore(dir, OLD);
          }
        }
        await store.close();
        const before = await contents(dir, OLD);
        const { outcome } = await reembedWith(dir, NEW);
        if (before.size === 0) assert.deepEqual(outcome, { kind: 'empty' });
        else await assertSwitched(dir, before);
      }),
      { numRuns: 40 },
    );
  });

  test('new rows that are not those of the documents are no index: nothing is switched, the next run starts over', async () => {
    const dir = await storeWith(10, OLD);
    const before = await contents(dir, OLD);
    await stopAfter(1, dir, NEW);
    const root = openLmdb({ path: dir, noSubdir: false });
    await root.openDB({ name: 'vectors.b', encoding: 'binary' }).put(0.5, Buffer.alloc(28));
    await root.close();
    await assert.rejects(reembedWith(dir, NEW), { code: 'store_unavailable', message: /run this again to start over/ });
    assert.deepEqual(await contents(dir, OLD), before);
    assert.equal((await reembedWith(dir, NEW)).done, 0);
    await assertSwitched(dir, before);
  });

  test('a text that cannot be encoded: its document is named, nothing is switched, replacing it helps', async () => {
    const dir = await storeWith(30, OLD);
    const before = await contents(dir, OLD);
    const calls: number[] = [];
    const encode = async (texts: readonly string[]) => {
      calls.push(texts.length);
      if (texts.includes('text of 9')) throw new CosimoError('inference_failed', 'token out of range');
      return texts.map((text) => vectorOf(NEW, text));
    };
    await assert.rejects(reembedWith(dir, NEW, { encode }), {
      code: 'inference_failed',
      message:
        /^The document "9" could not be encoded with org\/new: token out of range\. .*still holds the vectors of org\/old/,
    });
    assert.deepEqual(await contents(dir, OLD), before);
    const nan = async (texts: readonly string[]) =>
      texts.map((text) => (text === 'text of 9' ? new Float32Array(7).fill(Number.NaN) : vectorOf(NEW, text)));
    await assert.rejects(reembedWith(dir, NEW, { encode: nan }), { message: /^The document "9" .* NaN or infinity/ });
    const store = openStore(dir, OLD);
    await store.put(documentOf('9', 'shorter'), vectorOf(OLD, 'shorter'));
    await store.close();
    const replaced = await contents(dir, OLD);
    const { done } = await reembedWith(dir, NEW, { encode });
    assert.ok(done > 0, 'it went on where it stopped');
    await assertSwitched(dir, replaced);
  });

  test('a batch that fails only as a whole is encoded text by text; an encoder that cannot start is no fault of a text', async () => {
    const dir = await storeWith(10, OLD);
    const before = await contents(dir, OLD);
    const broken = async () => {
      throw new CosimoError('invalid_setting', 'DEVICE=cuda, but there is none');
    };
    await assert.rejects(reembedWith(dir, NEW, { encode: broken }), { message: 'DEVICE=cuda, but there is none' });
    const encode = async (texts: readonly string[]) => {
      if (texts.length > 1) throw new CosimoError('inference_failed', 'out of memory');
      return texts.map((text) => vectorOf(NEW, text));
    };
    await reembedWith(dir, NEW, { encode });
    await assertSwitched(dir, before);
  });
});
