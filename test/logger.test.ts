/** A log that can't be written, and a reader that has gone, end nothing. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { platform } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, test } from 'vitest';
import { findPort } from '../src/http-threads/find-port.ts';
import { atEnd } from './support/at-end.ts';
import { call } from './support/process.ts';

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
