/**
 * `npm test`: sets up what is missing, fetches the model, then runs the C++ tests and the TypeScript tests of test/.
 * `npm test -- PATTERN` runs only the TypeScript tests whose file matches: a path, a glob or a part of a path, such as
 * `npm test -- test/http/search*.test.ts` or `npm test -- search`.
 */

import { buildBench } from './build-bench.mjs';
import { fail, runNode, setUp } from './steps.mjs';
import { testNative } from './test-native.mjs';

await setUp();
const fetched = await runNode(['src/cli/fetch-model.ts']);
if (fetched !== 0) process.exit(fetched);
await buildBench().catch((error) => fail(error.message)); // once, before test files that run at the same time want it
const patterns = process.argv.slice(2);
const nativePassed = patterns.length > 0 || testNative();
const status = await runNode(['scripts/vitest.mjs', ...patterns]);
process.exit(nativePassed ? status : 1);
