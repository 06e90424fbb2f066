/**
 * `npm test`: sets up what is missing, fetches the model, then runs the C++ tests and the TypeScript tests of test/.
 * `npm test -- PATTERN` runs only the TypeScript tests whose file matches: a path, a glob or a part of a path, such as
 * `npm test -- test/http/search*.test.ts` or `npm test -- search`. A pattern that begins with `bench/` runs the
 * benchmark's tests.
 */

import { buildBench } from './build-bench.mjs';
import { fail, runNode, setUp } from './set-up.mjs';
import { testNative } from './test-native.mjs';

const patterns = process.argv.slice(2);
const bench = patterns.some((pattern) => pattern.startsWith('bench/'));
await setUp({ dev: true, bench, nativeTests: patterns.length === 0 });
const fetched = await runNode(['src/cli/fetch-model.ts']);
if (fetched !== 0) process.exit(fetched);
if (bench) await buildBench().catch((error) => fail(error.message)); // once, before several test files need it at the same time
const nativePassed = patterns.length > 0 || (await testNative());
const status = await runNode(['scripts/vitest.mjs', ...patterns]);
process.exit(nativePassed ? status : 1);
