/** The real process: `node src/main.ts` with settings, on a free port. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { atEnd } from './at-end.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const START_TIMEOUT_MS = 60_000;

export interface CosimoProcess {
  readonly child: ChildProcess;
  /** `http://127.0.0.1:PORT`, known once it listens. */
  readonly origin: string;
  /** Everything that the process has printed so far. */
  readonly output: () => string;
  /** Resolves with the exit status or the signal's name. */
  readonly ended: Promise<number | string>;
  /** Waits until /health/ready is 200. */
  readonly ready: () => Promise<void>;
}

/** Starts the process and waits until it listens or has ended; `origin` is empty if it has ended. */
export async function startProcess(settings: Readonly<Record<string, string>>): Promise<CosimoProcess> {
  const env = { ...process.env, PORT: '0', DEVICE: 'cpu', ENCODER_WORKERS: '1', ...settings };
  const child = spawn(process.execPath, ['src/main.ts'], { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] });
  atEnd(() => child.kill('SIGKILL'));
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  const ended = once(child, 'exit').then(([status, signal]) => (status ?? signal) as number | string);
  let over = false;
  void ended.then(() => (over = true));
  const listening = () => /Server listening at (http:\/\/[\d.]+:\d+)/.exec(output)?.[1];
  await until(() => over || listening() !== undefined);
  const origin = listening() ?? '';
  return {
    child,
    origin,
    ended,
    output: () => output,
    ready: () => until(async () => over || (await fetch(`${origin}/health/ready`)).status === 200),
  };
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + START_TIMEOUT_MS;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error('the process did not get there in time');
    await setTimeout(20);
  }
}

/** Sends a JSON request and parses the body of the answer. */
export async function call(
  origin: string,
  method: string,
  path: string,
  body?: unknown,
): Promise<{ status: number; json: unknown }> {
  const init =
    body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  const response = await fetch(origin + path, { method, ...init });
  return { status: response.status, json: await response.json() };
}

/** Waits until a process has accepted `count` requests to an endpoint: if it closes earlier, it resets their connections. */
export async function accepted(origin: string, endpoint: string, count: number): Promise<void> {
  await until(async () => {
    const { json } = await call(origin, 'GET', '/stats');
    return ((json as { requests: Record<string, number> }).requests[endpoint] ?? 0) >= count;
  });
}
