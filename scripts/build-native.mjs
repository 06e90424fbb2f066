#!/usr/bin/env node
/**
 * Builds the native addon, build/Release/cosimo.node, when it is missing or older than its sources.
 * Node-API makes the addon independent of the Node that builds it.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BUILD, BuildProblem, build, configure, ROOT, requireTools } from './cmake.mjs';

const ADDON = join(BUILD, 'Release', 'cosimo.node');
const STAMP = join(BUILD, 'native.stamp');

function sourceFiles() {
  const native = readdirSync(join(ROOT, 'native'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(cpp|h|inc)$/.test(entry.name))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name));
  return [join(ROOT, 'CMakeLists.txt'), join(ROOT, 'package-lock.json'), ...native.sort()];
}

/** A hash of the sources and the tools that make the addon. */
function fingerprint(toolVersions) {
  const hash = createHash('sha256').update(JSON.stringify([process.platform, process.arch, ROOT, toolVersions]));
  for (const file of sourceFiles()) hash.update(`${file}\0`).update(readFileSync(file)).update('\0');
  return hash.digest('hex');
}

/**
 * Brings the addon up to date, and with `tests` the C++ tests too. Prints one line.
 * @param {{ tests?: boolean }} options
 * @returns {Promise<boolean>} whether the addon was built
 * @throws {BuildProblem} one sentence for a person, after printing what the compiler said
 */
export async function buildNative({ tests = false } = {}) {
  const stamp = fingerprint(requireTools());
  const isCurrent = existsSync(ADDON) && existsSync(STAMP) && readFileSync(STAMP, 'utf8') === stamp;
  if (isCurrent && !tests) {
    console.log('Native addon: up to date.');
    return false;
  }
  const [what, time] = tests ? ['addon and C++ tests', 'some minutes'] : ['addon', 'about a minute'];
  console.log(`Native ${what}: compiling, this takes ${time} the first time …`);
  try {
    if (!isCurrent) await configure();
    await build(tests ? ['cosimo', 'cosimo_tests'] : ['cosimo']);
  } catch (problem) {
    if (problem.output) process.stderr.write(problem.output);
    throw problem;
  }
  writeFileSync(STAMP, stamp);
  return !isCurrent;
}

async function main() {
  try {
    await buildNative();
  } catch (error) {
    if (!(error instanceof BuildProblem)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) await main();
