/** What signals do to the process. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { constants, platform, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, describe, test } from 'vitest';
import { FAULT_SIGNALS } from '../src/signals.ts';
import { call, startProcess } from './support/process.ts';

const scratch = mkdtempSync(join(tmpdir(), 'cosimo-signals-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const linux = platform() === 'linux';

describe.each(['1', '2'])('HTTP_THREADS=%s', (threads) => {
  test.each(FAULT_SIGNALS)('%s ends the process at once', async (signal) => {
    const { child, ended } = await startProcess({ DATA_DIR: ':memory:', HTTP_THREADS: threads });
    child.kill(signal);
    assert.equal(await Promise.race([ended, setTimeout(5000, 'still there')]), signal);
  });

  test.skipIf(!linux)('no thread catches the signals of a fault, so none can return to it', async () => {
    const { child, ready } = await startProcess({ DATA_DIR: ':memory:', HTTP_THREADS: threads, ENCODER: 'onnx' });
    await ready();
    const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
    const caught = BigInt(`0x${/^SigCgt:\s*([0-9a-f]+)/m.exec(status)?.[1]}`);
    const isCaught = (signal: NodeJS.Signals) => (caught >> BigInt(constants.signals[signal] - 1)) & 1n;
    assert.equal(isCaught('SIGTERM'), 1n, 'the mask is read right');
    // V8 catches SIGSEGV, and passes on what WebAssembly has not raised.
    const others = FAULT_SIGNALS.filter((signal) => signal !== 'SIGSEGV');
    assert.deepEqual(
      others.filter((signal) => isCaught(signal) === 1n),
      [],
    );
  });

  test.skipIf(!linux)('a page of the store that cannot be read ends the process with SIGBUS', async () => {
    const dir = join(scratch, `cut-${threads}`);
    const { child, origin, ready, ended } = await startProcess({ DATA_DIR: dir, HTTP_THREADS: threads });
    await ready();
    for (let at = 0; at < 60; at += 1) await call(origin, 'POST', '/index', { id: `${at}`, text: `text ${at}` });
    truncateSync(join(dir, 'data.mdb'), 32_768);
    await assert.rejects(call(origin, 'GET', '/index/5'));
    assert.equal(await Promise.race([ended, setTimeout(5000, 'still there')]), 'SIGBUS');
    child.kill('SIGKILL');
  });
});

test('SIGHUP does not end a process that has no terminal, such as one under nohup', async () => {
  const { child, origin, ready, ended } = await startProcess({ DATA_DIR: ':memory:' });
  await ready();
  child.kill('SIGHUP');
  await setTimeout(300);
  assert.equal((await call(origin, 'GET', '/health')).status, 200);
  child.kill('SIGTERM');
  assert.equal(await ended, 0);
});
