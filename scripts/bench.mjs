/** `npm run bench`: sets up what is missing, then measures. `npm run bench -- --help` says what. */
import { runNode, setUp } from './steps.mjs';

await setUp();
process.exit(await runNode(['bench/src/cli.ts', ...process.argv.slice(2)]));
