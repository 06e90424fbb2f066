/**
 * Runs Vitest on this project's Node: the files of test/ that match the arguments, or all of them; with arguments that
 * begin with `bench/`, those of bench/test. Without arguments `*.long.test.ts` run only with `LONG_TESTS=1`, as in `.ci/run`.
 */
import { globSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startVitest } from 'vitest/node';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** A path, a folder or a glob becomes the files that it names. Vitest takes anything else as a part of paths. */
function filesOf(pattern) {
  const glob = statSync(join(ROOT, pattern), { throwIfNoEntry: false })?.isDirectory() ? `${pattern}/**` : pattern;
  const files = globSync(glob, { cwd: ROOT }).filter((file) => file.endsWith('.test.ts'));
  if (files.length === 0 && pattern.endsWith('.test.ts')) throw new Error(`There is no test file ${pattern}.`);
  return files.length > 0 ? files.map((file) => join(ROOT, file)) : [pattern];
}

const patterns = process.argv.slice(2);
const benchPatterns = patterns.filter((pattern) => pattern.startsWith('bench/'));
if (benchPatterns.length > 0 && benchPatterns.length < patterns.length) {
  console.error("cosimo: the benchmark's tests run by themselves: give patterns of bench/ alone, or none of it");
  process.exit(1);
}
const root = benchPatterns.length > 0 ? join(ROOT, 'bench') : ROOT;
const config = join(ROOT, 'vitest.config.ts');
const isShort = patterns.length === 0 && process.env.LONG_TESTS !== '1';
const exclude = isShort ? ['**/*.long.test.ts'] : [];
const vitest = await startVitest(patterns.flatMap(filesOf), { run: true, root, config, exclude });
await vitest.close(); // from here on processes that crashed at exit count too

// Besides failed tests, a file that does not load, a hook that fails and an unhandled error count as failures.
const counts = { passed: 0, failed: vitest.state.getUnhandledErrors().length, skipped: 0 };
for (const module of vitest.state.getTestModules()) {
  counts.failed += module.errors().length;
  for (const suite of module.children.allSuites()) counts.failed += suite.errors().length;
  for (const test of module.children.allTests()) {
    const { state } = test.result();
    counts[state === 'pending' ? 'failed' : state] += 1;
  }
}
console.log(`vitest: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exit(process.exitCode || (counts.failed === 0 && counts.passed > 0 ? 0 : 1));
