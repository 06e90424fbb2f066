/** `npm start`: sets up what is missing, then serves. `npm start -- --help` lists the settings. */
import { join } from 'node:path';
import { ROOT } from './cmake.mjs';
import { runNode, setUp } from './set-up.mjs';

await setUp();
// What Node has compiled is kept for the next start: a tenth of a second and more.
process.env.NODE_COMPILE_CACHE ??= join(ROOT, 'build', 'compile-cache');
process.exit(await runNode(['src/main.ts', ...process.argv.slice(2)]));
