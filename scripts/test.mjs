/**
 * `npm test`: sets up what is missing, fetches the model, then runs the C++ tests and the TypeScript tests.
 * `npm test -- PATTERN` runs only the TypeScript tests whose file matches, such as `npm test -- test/search*.test.ts`.
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
const status = await runNode([
  '--test',
  ...(patterns.length === 0 ? ['test/**/*.test.ts', 'bench/test/*.test.ts'] : patterns),
]);
process.exit(nativePassed ? status : 1);
