/** Builds cosimo_bench, the program of bench/native. */
import { join } from 'node:path';
import { BUILD, build } from './cmake.mjs';

const TAIL_CHARACTERS = 2000;

/**
 * Builds the program if it is out of date. Prints nothing.
 * @returns {Promise<string>} the path of the executable
 * @throws {Error} one sentence, with the end of what CMake or the compiler said
 */
export async function buildBench() {
  try {
    await build(['cosimo_bench']);
  } catch (problem) {
    if (!problem.output) throw problem;
    throw new Error(`${problem.message} It ended with: ${problem.output.trim().slice(-TAIL_CHARACTERS)}`);
  }
  return join(BUILD, 'cosimo_bench');
}
