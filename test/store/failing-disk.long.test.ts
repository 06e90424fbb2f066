/** A disk that is full or fails: writes are refused, all else goes on, and nothing changes. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { platform, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, test } from 'vitest';
import { call, startProcess } from '../support/process.ts';
import { failingDisk } from '../support/store/failing-disk.ts';
import { NEW, openStore } from '../support/store/store.ts';

const scratch = mkdtempSync(join(tmpdir(), 'cosimo-failing-disk-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const REFUSALS = {
  ENOSPC: { status: 507, detail: /has no room/ },
  EIO: { status: 503, detail: /could not write/ },
} as const;

const documentCount = async (origin: string) =>
  ((await call(origin, 'GET', '/stats')).json as { index: { documents: number } }).index.documents;

const searchIds = async (origin: string) => {
  const { status, json } = await call(origin, 'POST', '/search', { query: 'a text', threshold: -1 });
  assert.equal(status, 200);
  return (json as { id: string }[]).map(({ id }) => id).sort();
};

describe.skipIf(platform() !== 'linux').each(Object.entries(REFUSALS))('%s', (error, refusal) => {
  test('a write is refused, reads go on, and writes work again when the disk does', async () => {
    const disk = failingDisk(mkdtempSync(join(scratch, 'disk-')));
    const settings = { DATA_DIR: join(scratch, error), ...disk.environment };
    const first = await startProcess(settings);
    await first.ready();
    const index = (id: string, text = `a text of ${id}`) => call(first.origin, 'POST', '/index', { id, text });
    assert.equal((await index('kept')).status, 200);
    assert.equal((await index('replaced', 'a text at first')).status, 200);

    disk.fail(error as keyof typeof REFUSALS);
    const refused = await Promise.all([index('new'), index('replaced'), call(first.origin, 'DELETE', '/index/kept')]);
    for (const { status, json } of refused) {
      assert.equal(status, refusal.status);
      assert.match((json as { detail: string }).detail, refusal.detail);
    }
    assert.equal((await call(first.origin, 'GET', '/health/ready')).status, 503);
    assert.equal((await index('again')).status, refusal.status, 'the second failure ends nothing either');
    assert.equal((await call(first.origin, 'POST', '/embed', { texts: ['a'] })).status, 200);
    assert.deepEqual(await searchIds(first.origin), ['kept', 'replaced']);
    assert.equal(await documentCount(first.origin), 2);
    assert.equal((await call(first.origin, 'GET', '/index/new')).status, 404);
    const { json: unchanged } = await call(first.origin, 'GET', '/index/replaced');
    assert.equal((unchanged as { text: string }).text, 'a text at first');

    disk.fail();
    await first.ready(); // by itself, since nobody writes
    assert.equal((await index('new')).status, 200);
    first.child.kill('SIGKILL');
    await first.ended;
    const second = await startProcess(settings);
    await second.ready();
    assert.deepEqual(await searchIds(second.origin), ['kept', 'new', 'replaced']);
    assert.equal(await documentCount(second.origin), 3);
  });

  const folders = {
    'without a folder': () => {},
    'that left an empty data file at its last start': (dir: string) => {
      mkdirSync(dir);
      writeFileSync(join(dir, 'data.mdb'), '');
    },
    "with a copied data file and without LMDB's lock file": async (dir: string) => {
      const store = openStore(dir, NEW);
      await store.close();
      rmSync(join(dir, 'lock.mdb'));
    },
  };
  test.each(Object.keys(folders))('a start on such a disk %s ends with a sentence', async (name) => {
    const dir = join(mkdtempSync(join(scratch, 'start-')), 'data');
    await folders[name as keyof typeof folders](dir);
    const disk = failingDisk(mkdtempSync(join(scratch, 'disk-')));
    disk.fail(error as keyof typeof REFUSALS);
    const { ended, output } = await startProcess({ DATA_DIR: dir, ...disk.environment });
    assert.equal(await ended, 1);
    assert.match(output(), /^cosimo: DATA_DIR=\S+ cannot be opened: .+$/m);
    assert.doesNotMatch(output(), /^ +at /m);
  });
});
