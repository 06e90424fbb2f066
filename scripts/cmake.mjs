/**
 * The CMake build of the native half in build/: the addon, the C++ tests and the benchmark's program. `core` is compiled once
 * for all of them. Plain JavaScript for Node 20 or newer: it runs before the pinned Node is installed.
 */
import { execFile, spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
export const BUILD = join(ROOT, 'build');
/** The file in which CMake keeps its configuration. */
const CACHE = join(BUILD, 'CMakeCache.txt');
const HOW_TO_INSTALL =
  process.platform === 'darwin'
    ? 'xcode-select --install && brew install cmake'
    : 'apt-get install g++ make cmake, or your system’s like';

const execute = promisify(execFile);

/** The error that stops a build: a sentence that a person can act on, and the output of the compiler. */
export class BuildProblem extends Error {
  constructor(sentence, output = '') {
    super(sentence);
    this.output = output;
  }
}

/** First line of `program --version`, or undefined when it cannot be run. */
function versionOf(program) {
  const { status, stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' });
  return status === 0 ? stdout.split('\n')[0] : undefined;
}

/**
 * @returns {string[]} versions of the compiler and of CMake
 * @throws {BuildProblem} when a tool is missing
 */
export function requireTools() {
  const compilers = process.env.CXX ? [process.env.CXX] : ['c++', 'g++', 'clang++'];
  const compiler = compilers.map(versionOf).find((version) => version !== undefined);
  if (!compiler)
    throw new BuildProblem(`No C++ compiler was found (${compilers.join(', ')}); install one: ${HOW_TO_INSTALL}.`);
  const cmake = versionOf('cmake');
  if (!cmake) throw new BuildProblem(`CMake was not found; install it: ${HOW_TO_INSTALL}.`);
  if (!versionOf('ninja') && !versionOf('make')) {
    throw new BuildProblem(`Neither ninja nor make was found; install one: ${HOW_TO_INSTALL}.`);
  }
  return [compiler, cmake];
}

/** Runs a build tool silently. @throws {BuildProblem} with what it printed when it fails */
async function run(program, args) {
  try {
    await execute(program, args, { cwd: ROOT, maxBuffer: 1 << 28 });
  } catch (error) {
    if (error.code === 'ENOENT') throw new BuildProblem(`${program} was not found; install it: ${HOW_TO_INSTALL}.`);
    throw new BuildProblem('The native half could not be compiled.', `${error.stdout}${error.stderr}`);
  }
}

/** Configures build/ anew, with the headers that cmake-js finds. @throws {BuildProblem} */
export async function configure() {
  let cmakeJs;
  try {
    cmakeJs = createRequire(join(ROOT, 'package.json')).resolve('cmake-js/bin/cmake-js');
  } catch {
    throw new BuildProblem('cmake-js is not installed; run `npm install` first.');
  }
  // CMake would keep the compiler and the folder of its cache even after they changed.
  rmSync(CACHE, { force: true });
  await run(process.execPath, [cmakeJs, 'configure', '--CDCMAKE_BUILD_TYPE=Release']);
}

/**
 * Brings targets up to date, using every core; does next to nothing when they are.
 * @param {string[]} targets among cosimo (the addon), cosimo_tests and cosimo_bench
 * @throws {BuildProblem}
 */
export async function build(targets) {
  if (!existsSync(CACHE)) await configure();
  await buildIn(BUILD, targets);
}

/**
 * The same in a build folder of its own, without Node and so without the addon.
 * @param {string} folder where to build
 * @param {string[]} options such as -DCOSIMO_SANITIZE=thread
 * @throws {BuildProblem}
 */
export async function buildApart(folder, options, targets) {
  // Ninja works on all targets at once; make waits for one after another.
  const generator = versionOf('ninja') ? ['-G', 'Ninja'] : [];
  await run('cmake', ['-S', ROOT, '-B', folder, ...generator, ...options]);
  await buildIn(folder, targets);
}

const buildIn = (folder, targets) =>
  run('cmake', ['--build', folder, '--target', ...targets, '--parallel', String(availableParallelism())]);
