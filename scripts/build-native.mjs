#!/usr/bin/env node
/**
 * Builds the native addon, build/Release/cosimo.node, when it is missing or older than what it is made of.
 * Plain JavaScript for any Node from 20 on: it runs before the pinned Node is there. Node-API makes the addon
 * independent of the Node that builds it.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const ADDON = join(ROOT, 'build', 'Release', 'cosimo.node');
const STAMP = join(ROOT, 'build', 'native.stamp');
const HOW_TO_INSTALL =
  process.platform === 'darwin'
    ? 'xcode-select --install && brew install cmake'
    : 'apt-get install g++ make cmake, or your system’s like';

/** What stops a build, said in one sentence that a person can act on. */
class BuildProblem extends Error {}

/** First line of `program --version`, or undefined when it cannot be run. */
function versionOf(program) {
  const { status, stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' });
  return status === 0 ? stdout.split('\n')[0] : undefined;
}

function requireTools() {
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

function sourceFiles() {
  const native = readdirSync(join(ROOT, 'native'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(cpp|h|inc)$/.test(entry.name))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name));
  return [join(ROOT, 'CMakeLists.txt'), join(ROOT, 'package-lock.json'), ...native.sort()];
}

/** A hash of everything that the addon is made of and by. */
function fingerprint(toolVersions) {
  const hash = createHash('sha256').update(JSON.stringify([process.platform, process.arch, ROOT, toolVersions]));
  for (const file of sourceFiles()) hash.update(`${file}\0`).update(readFileSync(file)).update('\0');
  return hash.digest('hex');
}

function runCmakeJs() {
  let cli;
  try {
    cli = createRequire(join(ROOT, 'package.json')).resolve('cmake-js/bin/cmake-js');
  } catch {
    throw new BuildProblem('cmake-js is not installed; run `npm install` first.');
  }
  // CMake remembers compiler and folder in its cache, and would keep to them although they changed.
  rmSync(join(ROOT, 'build', 'CMakeCache.txt'), { force: true });
  const args = [cli, 'compile', '--CDCMAKE_BUILD_TYPE=Release'];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  if (status === 0 && existsSync(ADDON)) return;
  process.stderr.write(`${stdout ?? ''}${stderr ?? ''}`);
  throw new BuildProblem('The native addon could not be compiled; what the compiler said is above.');
}

/**
 * Brings the addon up to date. Prints one line. Throws an Error whose message is one sentence for a person.
 * @returns {boolean} true when something was built
 */
export function buildNative() {
  const stamp = fingerprint(requireTools());
  if (existsSync(ADDON) && existsSync(STAMP) && readFileSync(STAMP, 'utf8') === stamp) {
    console.log('Native addon: up to date.');
    return false;
  }
  console.log('Native addon: compiling, this takes about a minute …');
  runCmakeJs();
  mkdirSync(dirname(STAMP), { recursive: true });
  writeFileSync(STAMP, stamp);
  return true;
}

function main() {
  try {
    buildNative();
  } catch (error) {
    if (!(error instanceof BuildProblem)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) main();
