/**
 * The set-up of all npm scripts: it installs, then builds, and skips steps that are done. Plain JavaScript for the system's
 * Node 20 or newer: nothing is installed yet when it starts.
 */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { delimiter, join } from 'node:path';
import { buildNative } from './build-native.mjs';
import { ROOT } from './cmake.mjs';
import { install } from './install.mjs';

/** Node 24, which package.json pins as a dependency. */
const NODE = join(ROOT, 'node_modules', '.bin', 'node');

/**
 * Brings a fresh clone to where Cosimo can run; a second call takes milliseconds. Ends the process with a sentence when
 * something is missing.
 * @param {object} options
 * @param {boolean} [options.dev] install what tests and checks need, too
 * @param {boolean} [options.bench] install what the benchmark needs, too
 * @param {boolean} [options.nativeTests] build the C++ tests, too
 */
export async function setUp({ dev = false, bench = false, nativeTests = false } = {}) {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < 20) fail(`Node ${process.versions.node} is too old: install Node 20 or newer`);
  try {
    install(ROOT, { dev });
    if (bench) install(join(ROOT, 'bench'));
    await buildNative({ tests: nativeTests });
  } catch (error) {
    fail(error.message);
  }
}

/**
 * Runs the project's own Node on `args` until it ends. Signals to this process are passed on to it.
 * @returns {Promise<number>} its exit status
 */
export function runNode(args) {
  const env = {
    // What Node has compiled is kept for the next process: a tenth of a second and more each.
    NODE_COMPILE_CACHE: join(ROOT, 'build', 'compile-cache'),
    ...process.env,
    PATH: [join(ROOT, 'node_modules', '.bin'), process.env.PATH].join(delimiter),
  };
  const child = spawn(NODE, args, { cwd: ROOT, stdio: 'inherit', env });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  return new Promise((resolve) =>
    child.on('exit', (status, signal) => resolve(status ?? 128 + constants.signals[signal])),
  );
}

/** Ends the process with a sentence for a person. */
export function fail(sentence) {
  console.error(`cosimo: ${sentence}`);
  process.exit(1);
}
