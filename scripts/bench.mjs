/** `npm run bench`: sets up what is missing, then measures. `npm run bench -- --help` lists the options. */
import { runNode, setUp } from './set-up.mjs';

await setUp({ bench: true });
process.exit(await runNode(['bench/src/cli.ts', ...process.argv.slice(2)]));
