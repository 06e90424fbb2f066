/**
 * What `npm start` and `npm test` do before they run anything: install, then build. Plain JavaScript for the system's
 * Node >= 20: nothing is installed yet when it starts. Steps that are done already are skipped.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildNative } from './build-native.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** Node 24, which package.json pins as a dependency. */
const NODE = join(ROOT, 'node_modules', '.bin', 'node');
const INSTALLED = join(ROOT, 'node_modules', '.cosimo-installed');

/** Installs what package-lock.json names, once for each version of it. */
function install() {
  const wanted = createHash('sha256')
    .update(readFileSync(join(ROOT, 'package-lock.json')))
    .digest('hex');
  if (existsSync(INSTALLED) && readFileSync(INSTALLED, 'utf8') === wanted) return;
  console.log('cosimo: installing dependencies (npm ci)');
  const { status, error } = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: ROOT,
    stdio: 'inherit',
    // Older npm runs every install script: this one would fetch the CUDA provider from where few machines get to.
    env: { ...process.env, npm_config_onnxruntime_node_install: 'skip' },
  });
  if (status !== 0) fail(`npm ci failed${error ? ` (${error.message})` : ''}: is the package registry within reach?`);
  writeFileSync(INSTALLED, wanted);
}

/** Brings a fresh clone to where Cosimo can run; a second call takes milliseconds. */
export async function setUp() {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < 20) fail(`Node ${process.versions.node} is too old: install Node 20 or newer`);
  install();
  await buildNative();
}

/**
 * Runs the project's own Node on `args` until it ends. Signals go on to it: whoever stops this process means that one.
 * @returns its exit status
 */
export function runNode(args) {
  const path = [join(ROOT, 'node_modules', '.bin'), process.env.PATH].join(delimiter);
  const child = spawn(NODE, args, { cwd: ROOT, stdio: 'inherit', env: { ...process.env, PATH: path } });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  return new Promise((resolve) =>
    child.on('exit', (status, signal) => resolve(status ?? (signal === 'SIGINT' ? 130 : 1))),
  );
}

export function fail(sentence) {
  console.error(`cosimo: ${sentence}`);
  process.exit(1);
}
