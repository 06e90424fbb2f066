/** `npm start`: sets up what is missing, then serves. `npm start -- --help` lists the settings. */
import { runNode, setUp } from './set-up.mjs';

await setUp();
process.exit(await runNode(['src/main.ts', ...process.argv.slice(2)]));
