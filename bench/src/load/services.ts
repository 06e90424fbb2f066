/** Starts Cosimo, the FastAPI service that it replaces, or a plain Fastify, each as a process of its own. */
import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const START_TIMEOUT_MS = 180_000;
const STOP_TIMEOUT_MS = 10_000;
const POLL_MS = 5;
const POLL_TIMEOUT_MS = 2000;
const PORT_ATTEMPTS = 3;
const PORT_TAKEN = /EADDRINUSE|address already in use/i;
const COMPLAINT_CHARS = 500;

export type ServiceName = 'cosimo' | 'fastapi' | 'plain';

export interface ServiceOptions {
  /** Cosimo's data folder; the FastAPI service keeps nothing. */
  readonly data: string;
  readonly modelDir: string;
  /** The peers' virtual environment, for the FastAPI service. */
  readonly venv: string | undefined;
  readonly threads: number;
  /** Cosimo's ENCODER and PRECISION; its own defaults unless given. */
  readonly encoder?: string | undefined;
  readonly precision?: string | undefined;
  /** Cosimo's SEARCH_CODES; its own default unless given. */
  readonly searchCodes?: string | undefined;
  /** Cosimo's event loops; one unless given. */
  readonly httpThreads?: number;
  /** What a plain Fastify answers: see contenders/plain-fastify.ts. */
  readonly answer?: { readonly file: string; readonly way: 'constant' | 'stringify' };
}

export interface RunningService {
  readonly origin: string;
  readonly pid: number;
  readonly stop: () => Promise<void>;
}

/**
 * @param nextPort gives a port that is likely free
 * @returns once it can encode and search. @throws Error in a sentence
 */
export async function startService(
  name: ServiceName,
  options: ServiceOptions,
  nextPort: () => Promise<number> = freePort,
): Promise<RunningService> {
  for (let attempt = 1; ; attempt += 1) {
    const port = await nextPort();
    try {
      return await startOn(port, name, options);
    } catch (error) {
      // Another process took the port first: try another port.
      if (attempt === PORT_ATTEMPTS || !PORT_TAKEN.test((error as Error).message)) throw error;
    }
  }
}

async function startOn(port: number, name: ServiceName, options: ServiceOptions): Promise<RunningService> {
  const child = STARTERS[name](port, options);
  const origin = `http://127.0.0.1:${port}`;
  try {
    // Cosimo listens before its model is loaded; the FastAPI service loads its model before it listens.
    await untilReady(name, child, `${origin}${name === 'cosimo' ? '/health/ready' : '/health'}`);
  } catch (error) {
    await stop(child);
    throw error;
  }
  return { origin, pid: child.pid as number, stop: () => stop(child) };
}

/** The only variables that services inherit: the caller's API_KEY or OMP_NUM_THREADS must not change a service. */
const PASSED_ON = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'LD_LIBRARY_PATH', 'COSIMO_KERNEL'];
const plainEnvironment = () =>
  Object.fromEntries(PASSED_ON.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])));

const STARTERS: Readonly<Record<ServiceName, (port: number, options: ServiceOptions) => ChildProcess>> = {
  cosimo: startCosimo,
  fastapi: startFastApi,
  plain: startPlain,
};

function startCosimo(port: number, options: ServiceOptions): ChildProcess {
  const { data, modelDir, threads, httpThreads = 1, encoder, precision, searchCodes } = options;
  const settings = {
    PORT: String(port),
    DATA_DIR: data,
    MODEL_DIR: modelDir,
    DEVICE: 'cpu',
    LOG_LEVEL: 'warn',
    ENCODER_THREADS: String(threads),
    SEARCH_THREADS: String(threads),
    HTTP_THREADS: String(httpThreads),
    ...(encoder !== undefined && { ENCODER: encoder }),
    ...(precision !== undefined && { PRECISION: precision }),
    ...(searchCodes !== undefined && { SEARCH_CODES: searchCodes }),
  };
  return spawn(process.execPath, ['src/main.ts'], {
    cwd: ROOT,
    env: { ...plainEnvironment(), ...settings },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
}

function startFastApi(port: number, { modelDir, venv, threads }: ServiceOptions): ChildProcess {
  const peers = join(ROOT, 'bench', 'peers');
  const args = ['-m', 'uvicorn', '--app-dir', peers, 'fastapi_service:app', '--port', String(port)];
  return spawn(join(venv ?? '', 'bin', 'python'), [...args, '--log-level', 'warning'], {
    env: { ...plainEnvironment(), MODEL_DIR: modelDir, OMP_NUM_THREADS: String(threads) },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
}

function startPlain(port: number, { answer }: ServiceOptions): ChildProcess {
  const args = ['bench/src/contenders/plain-fastify.ts', String(port), answer?.file ?? '', answer?.way ?? 'constant'];
  const stdio: StdioOptions = ['ignore', 'ignore', 'pipe'];
  return spawn(process.execPath, args, { cwd: ROOT, env: plainEnvironment(), stdio });
}

async function untilReady(name: string, child: ChildProcess, url: string): Promise<void> {
  let fault: string | undefined;
  let complaints = '';
  child.stderr?.on('data', (chunk) => (complaints = (complaints + chunk).slice(-COMPLAINT_CHARS)));
  child.once('error', (error) => (fault = `could not be started: ${error.message}`));
  child.once('close', (status, signal) => {
    fault ??= `ended with ${signal ?? status} before it served: ${complaints.trim().replaceAll('\n', ' / ')}`;
  });
  const deadline_ms = performance.now() + START_TIMEOUT_MS;
  for (;;) {
    if (fault !== undefined) throw new Error(`${name} ${fault}`);
    if (performance.now() > deadline_ms) throw new Error(`${name} was not up in ${START_TIMEOUT_MS / 1000} seconds`);
    // Another process may have taken the port, and may never answer.
    const answer = await fetch(url, { signal: AbortSignal.timeout(POLL_TIMEOUT_MS) }).catch(() => undefined);
    await answer?.body?.cancel();
    if (answer?.status === 200) return;
    await sleep(POLL_MS);
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  const kill = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  await exit;
  clearTimeout(kill);
}

/** A port that was free a moment ago. If another process takes it first, the service says so and ends. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
