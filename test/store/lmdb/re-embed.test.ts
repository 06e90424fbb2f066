/** Re-embedding a store: what changes, what doesn't, and that it may be killed at any moment. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { text as textOf } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import { open as openLmdb } from 'lmdb';
import { describe, test } from 'vitest';
import { reembedWith, vectorOf } from '../../support/store/re-embed.ts';
import {
  assertSwitched,
  contents,
  documentOf,
  encodedBy,
  NEW,
  newFolder,
  OLD,
  openStore,
  spawnReembed,
  storeWith,
} from '../../support/store/store.ts';

describe('the switch', () => {
  test('documents, ids, metadata and versions stay, vectors of other dimensions come, there and back', async () => {
    const dir = await storeWith(30, OLD);
    const before = await contents(dir, OLD);
    const { outcome, batches } = await reembedWith(dir, NEW);
    assert.deepEqual(outcome, { kind: 'switched', documents: 30 });
    assert.deepEqual(batches, [4, 4, 4, 4, 4, 4, 4, 2]);
    await assertSwitched(dir, before);
    const store = openStore(dir, NEW);
    assert.equal(store.find('1')?.text, 'replaced');
    const newest = Math.max(...before.keys());
    assert.equal((await store.put(documentOf('5', 'newer'), vectorOf(NEW, 'newer'))).version, newest + 1);
    await store.close();
    const changed = await contents(dir, NEW);
    assert.equal((await reembedWith(dir, OLD)).outcome.kind, 'switched');
    assert.deepEqual(await contents(dir, OLD), encodedBy(OLD, changed));
  });

  test('the rows of the old model are gone, and nothing is left to resume', async () => {
    const dir = await storeWith(10, OLD);
    await reembedWith(dir, NEW);
    const root = openLmdb({ path: dir, noSubdir: false });
    assert.equal(root.openDB({ name: 'vectors', encoding: 'binary' }).getCount(), 0);
    assert.equal(root.get('re-embedding'), undefined);
    await root.close();
  });

  test('a store of format 1 takes another model; once that has begun its format is 2, which an older Cosimo refuses', async () => {
    const dir = await storeWith(10, OLD);
    const before = await contents(dir, OLD);
    const inRoot = async <T>(use: (root: ReturnType<typeof openLmdb>) => T | Promise<T>) => {
      const root = openLmdb({ path: dir, noSubdir: false });
      return await Promise.resolve(use(root)).finally(() => root.close());
    };
    await inRoot((root) => root.put('facts', { format: 1, fingerprint: 'old', modelName: 'org/old', dimensions: 4 }));
    const stopped = async () => Promise.reject(new Error('stopped'));
    await assert.rejects(reembedWith(dir, NEW, { encode: stopped }), { message: 'stopped' });
    assert.equal(await inRoot((root) => (root.get('facts') as { format: number }).format), 2);
    assert.deepEqual(await contents(dir, OLD), before);
    await reembedWith(dir, NEW);
    await assertSwitched(dir, before);
  });

  test('texts of a batch are bounded together, and a long one goes alone', async () => {
    const dir = newFolder();
    const store = openStore(dir, OLD);
    const lengths = [400_000, 400_000, 400_000, 3_000_000, 10];
    for (const [at, length] of lengths.entries()) {
      await store.put(documentOf(String(at), 'x'.repeat(length)), vectorOf(OLD, ''));
    }
    await store.close();
    assert.deepEqual((await reembedWith(dir, NEW)).batches, [2, 1, 1, 1]);
  });
});

describe('where there is nothing to encode it ends at once', () => {
  test('vectors of the same model', async () => {
    const dir = await storeWith(5, OLD);
    const before = await contents(dir, OLD);
    const { outcome, batches } = await reembedWith(dir, OLD);
    assert.deepEqual([outcome, batches], [{ kind: 'current', documents: 5 }, []]);
    assert.deepEqual(await contents(dir, OLD), before);
  });

  test('no store: none is made', async () => {
    const dir = newFolder();
    const { outcome, batches } = await reembedWith(dir, NEW);
    assert.deepEqual([outcome, batches], [{ kind: 'empty' }, []]);
    assert.ok(!existsSync(dir));
  });

  test('a store without documents, which any model may take then', async () => {
    const dir = newFolder();
    await openStore(dir, OLD).close();
    assert.throws(() => openStore(dir, NEW), { code: 'index_model_mismatch' });
    const { outcome, batches } = await reembedWith(dir, NEW);
    assert.deepEqual([outcome, batches], [{ kind: 'empty' }, []]);
    await openStore(dir, NEW).close();
  });
});

describe('processes', () => {
  test('kill -9 at any moment leaves one index or the other, and runs add up to the new one', async () => {
    const dir = await storeWith(120, OLD);
    const before = await contents(dir, OLD);
    let kills = 0;
    let ended = false;
    while (!ended) {
      const child = spawnReembed(dir, NEW, 0);
      const exit = once(child, 'exit');
      const output = textOf(child.stdout as NodeJS.ReadableStream);
      await Promise.race([once(child.stdout as NodeJS.ReadableStream, 'data'), exit]);
      await setTimeout(Math.random() * 40);
      child.kill('SIGKILL');
      const [, signal] = await exit;
      kills += signal === 'SIGKILL' ? 1 : 0;
      assert.ok(kills < 100, 'it gets on');
      ended = /switched|current/.test(await output);
      const root = openLmdb({ path: dir, noSubdir: false });
      const { fingerprint } = root.get('facts') as { fingerprint: string };
      await root.close();
      if (fingerprint === 'old') assert.deepEqual(await contents(dir, OLD), before);
      else await assertSwitched(dir, before);
      assert.ok(!ended || fingerprint === 'new');
    }
    assert.ok(kills > 0);
    await assertSwitched(dir, before);
  });

  test('a store that a server has open is refused, and a server refuses one that is being encoded again', async () => {
    const dir = await storeWith(10, OLD);
    const server = openStore(dir, OLD);
    server.find('1');
    const inUse = (pid: number | undefined) => new RegExp(`is in use by process ${pid} on .*: stop it`);
    assert.match(await textOf(spawnReembed(dir, NEW, 0).stdout as NodeJS.ReadableStream), inUse(process.pid));
    await server.close();
    const child = spawnReembed(dir, NEW, 60_000);
    await once(child.stdout as NodeJS.ReadableStream, 'data');
    for (const wait_ms of [0, 1500]) {
      await setTimeout(wait_ms);
      for (const model of [OLD, NEW]) {
        assert.throws(() => openStore(dir, model), { code: 'store_unavailable', message: inUse(child.pid) });
      }
    }
    child.kill('SIGKILL');
    await once(child, 'exit');
    assert.throws(() => openStore(dir, NEW), { code: 'index_model_mismatch' });
    const next = spawnReembed(dir, NEW, 0);
    assert.match(await textOf(next.stdout as NodeJS.ReadableStream), /switched/, 'a refused server has let go of it');
  });
});
