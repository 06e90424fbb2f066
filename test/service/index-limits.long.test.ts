/** MAX_DOCUMENTS and MAX_INDEX_BYTES: a write past a limit is refused and changes nothing, and deletes make room. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, describe, test } from 'vitest';
import { defaultIndexBytes } from '../../src/index/default-index-bytes.ts';
import type { LocalService } from '../../src/service.ts';
import { call, startProcess } from '../support/process.ts';
import { send, startService } from '../support/service.ts';

const scratch = mkdtempSync(join(tmpdir(), 'cosimo-limits-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const write = (service: LocalService, id: string, text = `text of ${id}`) =>
  send(service, 'POST', '/index', { id, text });
const remove = (service: LocalService, id: string) => send(service, 'DELETE', `/index/${id}`);
const stats = async (service: LocalService) => {
  const { status, json } = await send(service, 'GET', '/stats');
  assert.equal(status, 200);
  return json;
};
const statuses = (answers: readonly { status: number }[]) => answers.map(({ status }) => status);

describe('MAX_DOCUMENTS', () => {
  test('a document past it is 507 with the setting to raise, and changes nothing', async () => {
    const service = await startService({ MAX_DOCUMENTS: '2' });
    for (const id of ['a', 'b']) assert.equal((await write(service, id)).status, 200);
    const before = await stats(service);
    const refused = await write(service, 'c');
    assert.equal(refused.status, 507);
    assert.deepEqual(refused.json, {
      detail: 'The index takes no more than 2 documents; delete some or raise MAX_DOCUMENTS',
    });
    assert.equal(refused.headers['retry-after'], undefined, 'coming back does not help');
    assert.deepEqual(await stats(service), before);
    assert.equal((await send(service, 'GET', '/index/c')).status, 404);
  });

  for (const dir of [':memory:', join(scratch, 'replaced')]) {
    test(`replacing works at the limit, deleting makes room: ${dir === ':memory:' ? dir : 'on disk'}`, async () => {
      const service = await startService({ MAX_DOCUMENTS: '2', DATA_DIR: dir });
      for (const id of ['a', 'b', 'a']) assert.equal((await write(service, id)).status, 200);
      assert.equal((await write(service, 'c')).status, 507);
      assert.equal((await remove(service, 'a')).status, 200);
      assert.equal((await remove(service, 'a')).status, 404, 'makes no room');
      assert.equal((await write(service, 'c')).status, 200);
      assert.equal((await write(service, 'a')).status, 507);
      assert.equal((await stats(service)).index.documents, 2);
      await service.close();
    });

    test(`writes at once do not overshoot: ${dir === ':memory:' ? dir : 'on disk'}`, async () => {
      const service = await startService({ MAX_DOCUMENTS: '5', DATA_DIR: dir.replace('replaced', 'at-once') });
      const answers = await Promise.all(Array.from({ length: 20 }, (_, at) => write(service, `d${at}`)));
      assert.deepEqual(statuses(answers).toSorted(), [...Array(5).fill(200), ...Array(15).fill(507)]);
      assert.equal((await stats(service)).index.documents, 5);
      await service.close();
    });
  }

  test('a new id written several times at once is one document', async () => {
    const service = await startService({ MAX_DOCUMENTS: '2' });
    const answers = await Promise.all(['a', 'a', 'a', 'b', 'b', 'c'].map((id, at) => write(service, id, `text ${at}`)));
    assert.deepEqual(statuses(answers), [200, 200, 200, 200, 200, 507]);
    assert.equal((await stats(service)).index.documents, 2);
  });

  test('a write that fails gives its place back', async () => {
    const service = await startService({ MAX_DOCUMENTS: '1', MAX_TEXT_BYTES: '100' });
    assert.equal((await write(service, 'a', 'long '.repeat(30))).status, 413);
    assert.equal((await write(service, 'b')).status, 200);
  });
});

describe('MAX_INDEX_BYTES', () => {
  test('a write that would pass it is 507 with the setting to raise, and changes nothing', async () => {
    const service = await startService({ MAX_INDEX_BYTES: '1000' });
    const before = await stats(service);
    const refused = await write(service, 'a');
    assert.equal(refused.status, 507);
    assert.deepEqual(refused.json, {
      detail: 'The index may take no more than 1000 bytes of memory; delete documents or raise MAX_INDEX_BYTES',
    });
    assert.equal(refused.headers['retry-after'], undefined);
    assert.deepEqual(await stats(service), before);
  });

  test('writes under way count', async () => {
    const empty = (await stats(await startService())).index.memory_bytes;
    const rowBytes = 384 * 5 + 64;
    // Nothing is in the index until the first of them has been encoded.
    const service = await startService({ MAX_INDEX_BYTES: String(empty + rowBytes * 3 + 1) });
    const answers = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((id) => write(service, id)));
    assert.deepEqual(statuses(answers), [200, 200, 200, 507, 507]);
  });

  test('at the limit nothing is written, replacements neither; deletes make room', async () => {
    const service = await startService({ MAX_INDEX_BYTES: String(1 << 20) }); // less than the first piece of memory
    assert.equal((await write(service, 'a')).status, 200);
    assert.deepEqual(statuses([await write(service, 'a'), await write(service, 'b')]), [507, 507]);
    assert.equal((await remove(service, 'a')).status, 200);
    const deadline = performance.now() + 10_000;
    while ((await write(service, 'b')).status !== 200) {
      assert.ok(performance.now() < deadline, 'the memory of deleted rows comes back');
      await setTimeout(20);
    }
  });

  test('by default three quarters of what the process may use', () => {
    assert.equal(defaultIndexBytes(1000, 4000), 750);
    assert.equal(defaultIndexBytes(0, 4000), 3000, 'no limit is known');
    assert.equal(defaultIndexBytes(2 ** 64, 4000), 3000, 'a limit that is none');
    assert.ok(defaultIndexBytes() > 1e8);
  });
});

test('a store that is larger than the limits stops the start with a sentence', async () => {
  const DATA_DIR = join(scratch, 'too-large');
  const first = await startProcess({ DATA_DIR });
  await first.ready();
  for (const id of ['a', 'b', 'c']) await call(first.origin, 'POST', '/index', { id, text: id });
  first.child.kill('SIGTERM');
  await first.ended;
  const refusals: [settings: Record<string, string>, sentence: RegExp][] = [
    [{ MAX_DOCUMENTS: '2' }, /^cosimo: The document store holds 3 documents, more than MAX_DOCUMENTS=2: raise it\.$/m],
    [
      { MAX_INDEX_BYTES: '5000' },
      /^cosimo: The document store holds 3 documents, .* 5952 bytes, and it may take 5000: raise MAX_INDEX_BYTES\.$/m,
    ],
  ];
  for (const [settings, sentence] of refusals) {
    const refused = await startProcess({ DATA_DIR, ...settings });
    assert.equal(await refused.ended, 1);
    assert.match(refused.output(), sentence);
    assert.doesNotMatch(refused.output(), /^ +at /m, 'no stack');
  }
  const again = await startProcess({ DATA_DIR, MAX_DOCUMENTS: '3' });
  await again.ready();
  assert.equal((await call(again.origin, 'GET', '/stats')).status, 200);
});
