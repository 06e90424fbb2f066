/** Cosimo and the FastAPI service as processes of their own. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { DEFAULT_MODEL } from '../src/model/manifest.ts';
import { resolveModel } from '../src/model/resolve-model.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const START_TIMEOUT_MS = 120_000;

export interface RunningService {
  readonly origin: string;
  readonly stop: () => Promise<void>;
}

export async function startCosimo(): Promise<RunningService> {
  const port = await freePort();
  const settings = { PORT: String(port), DATA_DIR: ':memory:', DEVICE: 'cpu', LOG_LEVEL: 'warn' };
  return serve(
    spawn(process.execPath, ['src/main.ts'], { cwd: ROOT, env: { ...process.env, ...settings }, stdio: QUIET }),
    port,
  );
}

/** @param venv the virtual environment that bench/peers/setup.sh makes */
export async function startFastApi(venv: string): Promise<RunningService> {
  const port = await freePort();
  const { dir } = await resolveModel({ model: DEFAULT_MODEL.name, log: () => {} });
  const args = [
    '--app-dir',
    join(ROOT, 'bench', 'peers'),
    'fastapi_service:app',
    '--port',
    String(port),
    '--log-level',
    'warning',
  ];
  return serve(
    spawn(join(venv, 'bin', 'uvicorn'), args, { env: { ...process.env, MODEL_DIR: dir }, stdio: QUIET }),
    port,
  );
}

const QUIET: ('ignore' | 'inherit')[] = ['ignore', 'ignore', 'inherit'];

/** Makes the peers' virtual environment when it isn't there. @throws Error when that fails */
export function ensureVenv(venv: string): void {
  if (existsSync(join(venv, 'bin', 'uvicorn'))) return;
  console.log(`Making the peer's virtual environment in ${venv}: a few minutes, 4.5 GB`);
  const { status } = spawnSync('bash', [join(ROOT, 'bench', 'peers', 'setup.sh'), venv], { stdio: 'inherit' });
  if (status !== 0)
    throw new Error('bench/peers/setup.sh failed: it needs Python 3.11 and a package registry within reach');
}

async function serve(child: ChildProcess, port: number): Promise<RunningService> {
  const origin = `http://127.0.0.1:${port}`;
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    await once(child, 'exit');
  };
  process.once('exit', () => child.kill('SIGKILL'));
  const deadline = performance.now() + START_TIMEOUT_MS;
  while ((await fetch(`${origin}/health`).catch(() => undefined))?.status !== 200) {
    if (child.exitCode !== null) throw new Error(`a service ended with ${child.exitCode} before it served`);
    if (performance.now() > deadline) throw new Error('a service was not up in two minutes');
    await setTimeout(100);
  }
  return { origin, stop };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  return port;
}
