/** Folders are made as `mkdir -p` does, but it ends everywhere. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { platform, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, test } from 'vitest';
import { makeFolders } from '../../src/base/make-folders.ts';

const scratch = mkdtempSync(join(tmpdir(), 'cosimo-folders-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

test('all that is missing is made, and what is there stays', () => {
  const path = join(scratch, 'a', 'b', 'c');
  makeFolders(path);
  makeFolders(path);
  assert.ok(statSync(path).isDirectory());
});

test('a file in its place, or on the way, is an error', () => {
  const file = join(scratch, 'file');
  writeFileSync(file, '');
  assert.throws(() => makeFolders(file), { code: 'EEXIST' });
  assert.throws(() => makeFolders(join(file, 'below')), { code: 'EEXIST' });
});

test.skipIf(platform() !== 'linux')('where the system makes no folders it is an error, and soon', () => {
  assert.throws(() => makeFolders('/proc/cosimo/data'), { code: 'ENOENT' });
});
