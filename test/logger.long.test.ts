/** A log that can't be written, and a reader that has gone, end nothing. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { platform, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, test } from 'vitest';
import { findPort } from '../src/http-threads/find-port.ts';
import { atEnd } from './support/at-end.ts';
import { call } from './support/process.ts';
import { failingDisk } from './support/store/failing-disk.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Starts the process with its output going to `output`. */
async function startWith(output: number | 'pipe', settings: Readonly<Record<string, string>>) {
  const port = await findPort({ HOST: '127.0.0.1', PORT: 0 });
  const env = { ...process.env, PORT: String(port), DEVICE: 'cpu', DATA_DIR: ':memory:', ...settings };
  const child = spawn(process.execPath, ['src/main.ts'], { cwd: ROOT, env, stdio: ['ignore', output, output] });
  atEnd(() => child.kill('SIGKILL'));
  return { child, origin: `http://127.0.0.1:${port}` };
}

async function serves(child: ChildProcess, origin: string): Promise<void> {
  for (;;) {
    assert.equal(child.exitCode, null, 'it has ended');
    if ((await fetch(`${origin}/health/ready`).catch(() => undefined))?.status === 200) break;
    await setTimeout(50);
  }
  assert.equal((await call(origin, 'POST', '/embed', { texts: ['a text'] })).status, 200);
}

test.skipIf(platform() !== 'linux')('a log whose disk has room again goes on', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'cosimo-log-'));
  atEnd(() => rmSync(scratch, { recursive: true, force: true }));
  const disk = failingDisk(scratch);
  disk.fail('ENOSPC');
  const logger = JSON.stringify(new URL('../src/logger.ts', import.meta.url).href);
  const program = `
    import { rmSync } from 'node:fs';
    import { createLogger } from ${logger};
    const logger = createLogger({ LOG_LEVEL: 'info' });
    for (let line = 0; line < 2000; line += 1) logger.info('x'.repeat(1000));
    logger.fatal('returns');
    rmSync(process.env.DISK_FAULT);
    logger.info('lost, but it tries again '.repeat(100));
    logger.info('the last line');`;
  const path = join(scratch, 'log');
  const log = openSync(path, 'w');
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', log, 'pipe'],
    env: { ...process.env, ...disk.environment },
    timeout: 20_000,
  });
  closeSync(log);
  assert.equal(status, 0, String(stderr));
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
  assert.equal(JSON.parse(lines.at(-1) as string).msg, 'the last line');
  assert.ok(!lines.some((line) => line.includes('lost')));
  assert.ok(lines.length > 500 && lines.length < 1500, `${lines.length} lines: those that are kept, no more`);
});

describe.each(['1', '2'])('with HTTP_THREADS=%s', (HTTP_THREADS) => {
  test.skipIf(platform() !== 'linux')('a log on a full disk does not end the service', async () => {
    const full = openSync('/dev/full', 'w');
    const { child, origin } = await startWith(full, { HTTP_THREADS });
    closeSync(full);
    await serves(child, origin);
  });

  test('a reader of the log that goes does not end the service', async () => {
    const { child, origin } = await startWith('pipe', { HTTP_THREADS });
    child.stdout?.destroy();
    child.stderr?.destroy();
    await serves(child, origin);
  });
});
