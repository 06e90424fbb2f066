/** Builds cosimo_bench, the program of bench/native, in build/bench. */
import { execFile } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const BUILD = join(ROOT, 'build', 'bench');
const TAIL_CHARACTERS = 2000;

const run = promisify(execFile);

async function cmake(args) {
  try {
    await run('cmake', args, { maxBuffer: 1 << 28 });
  } catch (error) {
    if (error.code === 'ENOENT') throw new Error('The benchmark program needs CMake, which was not found.');
    const said = `${error.stdout ?? ''}${error.stderr ?? ''}`.trim().slice(-TAIL_CHARACTERS);
    throw new Error(`The benchmark program could not be built, and the last that was said is: ${said}`);
  }
}

/**
 * Brings the program up to date; does next to nothing when it is. Silent.
 * @returns {Promise<string>} the path of the executable
 * @throws {Error} one sentence, with the end of what CMake or the compiler said
 */
export async function buildBench() {
  await cmake(['-S', ROOT, '-B', BUILD, '-DCMAKE_BUILD_TYPE=Release', '-DCOSIMO_BENCH=ON']);
  const jobs = String(availableParallelism());
  await cmake(['--build', BUILD, '--target', 'cosimo_bench', '--parallel', jobs]);
  return join(BUILD, 'cosimo_bench');
}
