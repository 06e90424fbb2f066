/** How the progress of a long task is shown. */
import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'vitest';
import { terminalProgress } from '../src/progress.ts';

const shown = (isTTY: boolean) => {
  const stream = Object.assign(new PassThrough(), { isTTY, columns: 80 });
  const progress = terminalProgress(stream as unknown as NodeJS.WriteStream);
  progress.start('org/small', 50_000_000);
  for (let count = 0; count < 100; count += 1) progress.advance(500_000);
  progress.stop();
  return String(stream.read());
};

test('a line at each tenth where there is no terminal', () => {
  const tenths = Array.from({ length: 10 }, (_, at) => `org/small: ${(at + 1) * 10}%`);
  assert.deepEqual(shown(false).trim().split('\n'), ['org/small: 50.0 MB', ...tenths]);
});

test('a file begun anew is not counted twice', () => {
  const stream = new PassThrough();
  const progress = terminalProgress(stream as unknown as NodeJS.WriteStream);
  progress.start('m', 100);
  for (const bytes of [60, -60, 60, 40]) progress.advance(bytes);
  assert.equal(String(stream.read()), 'm: 0.0 MB\nm: 60%\nm: 100%\n');
});

test('amounts that are no bytes are shown as their unit says', () => {
  for (const isTTY of [false, true]) {
    const stream = Object.assign(new PassThrough(), { isTTY, columns: 80 });
    const unit = { name: 'documents', show: String };
    const progress = terminalProgress(stream as unknown as NodeJS.WriteStream, unit);
    progress.start('Encoding', 3000);
    progress.stop();
    assert.match(String(stream.read()), isTTY ? /0\/3000 documents/ : /^Encoding: 3000 documents$/m);
  }
});

test('a bar on a terminal', () => {
  assert.match(shown(true), /org\/small \[.*\] 100% 50\.0\/50\.0 MB/);
});
