/** A data file that is damaged or another program's is refused before LMDB opens it for writing, and stays as it was. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open } from 'lmdb';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { openStore } from '../../../src/store/open-store.ts';

const DIMENSIONS = 384;
const MODEL = { dimensions: DIMENSIONS, fingerprint: 'one', modelName: 'a/model' };
const scratch = mkdtempSync(join(tmpdir(), 'cosimo-data-file-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const sound = join(scratch, 'sound');
beforeAll(async () => {
  const store = openStore(sound, MODEL);
  const vector = new Float32Array(DIMENSIONS).fill(0.05);
  for (let at = 0; at < 300; at += 1)
    await store.put({ id: `${at}`, text: 'text '.repeat(200), metadata: '{}' }, vector);
  await store.close();
});

function folder(name: string, write: (file: string) => void): { dir: string; file: string } {
  const dir = join(scratch, name);
  mkdirSync(dir);
  const file = join(dir, 'data.mdb');
  write(file);
  return { dir, file };
}

const copy = (file: string) => copyFileSync(join(sound, 'data.mdb'), file);

const DAMAGED: Readonly<Record<string, (file: string) => void>> = {
  text: (file) => writeFileSync(file, 'version 1\n'),
  zeros: (file) => writeFileSync(file, Buffer.alloc(200_000)),
  'random bytes': (file) => writeFileSync(file, randomBytes(200_000)),
  'a zeroed first page': (file) => {
    const bytes = readFileSync(join(sound, 'data.mdb'));
    writeFileSync(file, bytes.fill(0, 0, 16_384));
  },
  'a zeroed second page': (file) => {
    const bytes = readFileSync(join(sound, 'data.mdb'));
    writeFileSync(file, bytes.fill(0, 16_384, 32_768));
  },
  'a copy cut after its first pages': (file) => {
    copy(file);
    truncateSync(file, 32_768);
  },
  'a copy cut in the middle': (file) => {
    copy(file);
    truncateSync(file, 16_384 * 20 + 5);
  },
};

describe('damaged', () => {
  test.each(Object.entries(DAMAGED))('%s', (name, write) => {
    const { dir, file } = folder(name, write);
    const before = readFileSync(file);
    assert.throws(() => openStore(dir, MODEL), {
      code: 'store_unavailable',
      message: `${file} is damaged, or no store of Cosimo's: put back a copy of it, or set another DATA_DIR.`,
    });
    assert.ok(before.equals(readFileSync(file)), 'the file is as it was');
  });
});

test("another program's LMDB file", async () => {
  const { dir, file } = folder('foreign', () => {});
  const theirs = open({ path: dir, noSubdir: false });
  await theirs.put('their key', 1);
  await theirs.close();
  const before = readFileSync(file);
  assert.throws(() => openStore(dir, MODEL), {
    code: 'store_unavailable',
    message: `${file} is another program's LMDB file: set another DATA_DIR.`,
  });
  assert.ok(before.equals(readFileSync(file)), 'the file is as it was');
});

test('a sound copy, and an empty file', async () => {
  const whole = openStore(folder('copied', copy).dir, MODEL);
  assert.equal(whole.documents, 300);
  await whole.close();
  const empty = openStore(folder('empty', (file) => writeFileSync(file, '')).dir, MODEL);
  assert.equal(empty.documents, 0);
  await empty.close();
});

test('a folder that the system cannot make is refused, and soon', () => {
  assert.throws(() => openStore('/proc/cosimo/data', MODEL), { code: 'store_unavailable', message: /\/proc\/cosimo/ });
});
