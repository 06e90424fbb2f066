/** The document store on disk: what it keeps and refuses, and that no acknowledged write is lost. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { open as openLmdb } from 'lmdb';
import { afterAll, describe, test, vi } from 'vitest';
import { native } from '../../src/native/binding.ts';
import type { DocumentStore } from '../../src/store/document-store.ts';
import { LmdbStore } from '../../src/store/lmdb/lmdb-store.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';

const DIMENSIONS = 4;
const scratch = mkdtempSync(join(tmpdir(), 'cosimo-store-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

let folders = 0;
const newFolder = () => join(scratch, String(folders++));
const open = (dir: string, fingerprint = 'model-a') =>
  new LmdbStore({ dir, dimensions: DIMENSIONS, fingerprint, modelName: `org/${fingerprint}` });
const document = (id: string, text = `text of ${id}`) => ({ id, text, metadata: '{"a": 1}' });
const vector = (seed: number) => Float32Array.from({ length: DIMENSIONS }, (_, at) => Math.fround(seed + at / 10));

function rows(store: DocumentStore): Map<number, number[]> {
  const found = new Map<number, number[]>();
  for (const { versions, vectors } of store.vectors()) {
    versions.forEach((version, at) =>
      found.set(version, [...vectors.subarray(at * DIMENSIONS, (at + 1) * DIMENSIONS)]),
    );
  }
  return found;
}

test('documents and vectors are there after closing and opening again', async () => {
  const dir = newFolder();
  const first = open(dir);
  await first.put(document('a'), vector(1));
  const { version, replaced } = await first.put(document('a', 'newer'), vector(2));
  await first.put(document('NUL\u0000 é'), vector(3));
  await first.put(document('gone'), vector(4));
  await first.delete('gone');
  assert.equal(replaced, 1);
  await first.close();

  const second = open(dir);
  assert.equal(second.documents, 2);
  assert.deepEqual(second.find('a'), document('a', 'newer'));
  assert.deepEqual(second.get(version), document('a', 'newer'));
  assert.deepEqual(second.find('NUL\u0000 é'), document('NUL\u0000 é'));
  assert.deepEqual(
    rows(second),
    new Map([
      [2, [...vector(2)]],
      [3, [...vector(3)]],
    ]),
  );
  const { version: next } = await second.put(document('b'), vector(5));
  assert.ok(next > 3, 'versions only grow');
  await second.close();
});

test('a replaced or deleted version stays readable until it is forgotten', async () => {
  for (const store of [open(newFolder()), new MemoryStore()]) {
    const { version } = await store.put(document('a', 'old'), vector(1));
    await store.put(document('a', 'new'), vector(2));
    assert.equal(store.get(version)?.text, 'old');
    store.forget(version);
    assert.equal(store.get(version), undefined);
    const deleted = await store.delete('a');
    assert.equal(store.find('a'), undefined);
    assert.equal(store.get(deleted as number)?.text, 'new');
    await store.close();
  }
});

test('writes at once are applied in the order in which they were made', async () => {
  const store = open(newFolder());
  const results = await Promise.all(
    Array.from({ length: 200 }, (_, at) => store.put(document('same', `text ${at}`), vector(at))),
  );
  results.forEach(({ version, replaced }, at) => {
    assert.equal(version, at + 1);
    assert.equal(replaced, at === 0 ? undefined : at);
  });
  assert.equal(store.documents, 1);
  assert.equal(store.find('same')?.text, 'text 199');
  assert.equal(rows(store).size, 1);
  await store.close();
});

test('a store agrees with a map after any sequence of writes, deletes and restarts', async () => {
  const command = fc.oneof(
    fc.record({
      kind: fc.constant('put' as const),
      id: fc.constantFrom('a', 'b', 'c', '\u0000', 'ü'),
      text: fc.string(),
    }),
    fc.record({ kind: fc.constant('delete' as const), id: fc.constantFrom('a', 'b', 'c', '\u0000', 'ü') }),
    fc.record({ kind: fc.constant('reopen' as const) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(command, { maxLength: 25 }), async (commands) => {
      const dir = newFolder();
      const model = new Map<string, string>();
      let store = open(dir);
      for (const step of commands) {
        if (step.kind === 'reopen') {
          await store.close();
          store = open(dir);
        } else if (step.kind === 'put') {
          const { replaced } = await store.put(document(step.id, step.text), vector(1));
          assert.equal(replaced !== undefined, model.has(step.id));
          model.set(step.id, step.text);
        } else assert.equal((await store.delete(step.id)) !== undefined, model.delete(step.id));
        assert.equal(store.documents, model.size);
        for (const id of ['a', 'b', 'c', '\u0000', 'ü']) {
          assert.equal(store.find(id)?.text, model.get(id));
          assert.equal(store.has(id), model.has(id));
        }
      }
      assert.equal(rows(store).size, model.size);
      await store.close();
    }),
    { numRuns: 30 },
  );
});

describe('what cannot be opened', () => {
  test("another model's store is refused with a sentence that names both and says what to do", async () => {
    const dir = newFolder();
    const [made, wanted] = ['0123456789abcdef-fp32', 'fedcba9876543210-fp32'];
    await open(dir, made).close();
    assert.throws(() => open(dir, wanted), {
      code: 'index_model_mismatch',
      message:
        `DATA_DIR=${dir} holds vectors made by org/${made} (0123456789ab-fp32), not by org/${wanted} (fedcba987654-fp32): ` +
        `set MODEL (or MODEL_DIR) back to org/${made}, or run \`npm run re-embed\` with the same settings to encode the documents ` +
        `again with org/${wanted}.`,
    });
    await open(dir, made).close();
  });

  test('a store of format 1, which names no database of vectors, opens as before', async () => {
    const dir = newFolder();
    const own = open(dir);
    await own.put(document('a'), vector(1));
    await own.close();
    const root = openLmdb({ path: dir, noSubdir: false });
    await root.put('facts', { format: 1, fingerprint: 'model-a', modelName: 'org/model-a', dimensions: DIMENSIONS });
    await root.close();
    const opened = open(dir);
    assert.deepEqual(opened.find('a'), document('a'));
    assert.deepEqual(rows(opened), new Map([[1, [...vector(1)]]]));
    await opened.close();
  });

  test('a store of another format, or with a damaged vector, is refused with a sentence', async () => {
    const [format, damaged] = [newFolder(), newFolder()];
    for (const dir of [format, damaged]) {
      const own = open(dir);
      await own.put(document('a'), vector(1));
      await own.close();
    }
    const root = openLmdb({ path: format, noSubdir: false });
    await root.put('facts', { ...(root.get('facts') as object), format: 99 });
    await root.close();
    assert.throws(() => open(format), {
      code: 'store_unavailable',
      message: /has format 99; this Cosimo reads 1 to 2/,
    });
    const other = openLmdb({ path: damaged, noSubdir: false });
    await other.openDB({ name: 'vectors', encoding: 'binary' }).put(1, Buffer.alloc(7));
    await other.close();
    const opened = open(damaged);
    assert.throws(() => rows(opened), {
      code: 'store_unavailable',
      message: /vector 1 has 7 bytes: the store is damaged/,
    });
    await opened.close();
  });

  test('a folder that cannot be made is refused with a sentence', () => {
    const file = join(scratch, 'a-file');
    writeFileSync(file, '');
    assert.throws(() => open(join(file, 'below')), {
      code: 'store_unavailable',
      message: /^DATA_DIR=.* cannot be opened/,
    });
  });

  /** What a process prints that opens the folder, and is killed with it open. */
  function openElsewhere(dir: string, prefix: readonly string[] = []): string {
    const url = new URL('../../src/store/lmdb/lmdb-store.ts', import.meta.url).href;
    const options = JSON.stringify({ dir, dimensions: DIMENSIONS, fingerprint: 'model-a', modelName: 'org/model-a' });
    const script = `import { LmdbStore } from ${JSON.stringify(url)};
      try { new LmdbStore(${options}); console.log('opened'); } catch (error) { console.log(error.message); }
      process.kill(process.pid, 'SIGKILL');`;
    const [command = '', ...args] = [...prefix, process.execPath, '--input-type=module', '-e', script];
    return spawnSync(command, args, { encoding: 'utf8', timeout: 60_000 }).stdout;
  }

  test('closing twice closes no other file', async () => {
    const own = open(newFolder());
    await own.close();
    const other = openSync(join(newFolder(), '..', 'other-file'), 'w');
    await own.close();
    closeSync(other); // throws if it has been closed
  });

  test('a folder that another process uses is refused, until that process has ended', async () => {
    const dir = newFolder();
    const own = open(dir);
    await own.put(document('a'), vector(1));
    assert.match(openElsewhere(dir), new RegExp(`is in use by process ${process.pid} on `));
    rmSync(join(dir, 'cosimo.pid'));
    assert.match(openElsewhere(dir), /is in use by another process/, 'deleting it unlocks nothing');
    await own.close();
    assert.deepEqual(readdirSync(dir).sort(), ['data.mdb', 'lock.mdb']);
    assert.equal(openElsewhere(dir), 'opened\n');
    await open(dir).close();
  });

  test('a file system without locks is a sentence that names the setting', () => {
    const locking = vi.spyOn(native, 'lockFile').mockImplementation(() => {
      throw Object.assign(new Error('the file cannot be locked: No locks available'), { code: 'invalid_argument' });
    });
    try {
      assert.throws(() => open(newFolder()), {
        code: 'store_unavailable',
        message: /^DATA_DIR=\S+ cannot be used: .* No locks available$/,
      });
    } finally {
      locking.mockRestore();
    }
  });

  const container = ['unshare', '--pid', '--fork', '--kill-child'];
  const hasContainers = spawnSync(container[0] as string, [...container.slice(1), 'true']).status === 0;
  test.skipIf(!hasContainers)('a folder is refused to a process whose container numbers processes anew', async () => {
    const dir = newFolder();
    const own = open(dir);
    await own.put(document('a'), vector(1));
    assert.match(openElsewhere(dir, container), /is in use by process/);
    await own.close();
    assert.equal(openElsewhere(dir, container), 'opened\n');
    assert.equal(openElsewhere(dir, container), 'opened\n');
    await open(dir).close();
  });
});
