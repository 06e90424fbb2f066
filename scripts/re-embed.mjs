/** `npm run re-embed`: sets up what is missing, then encodes the stored documents with the model that is now set. */
import { runNode, setUp } from './set-up.mjs';

await setUp();
process.exit(await runNode(['src/cli/re-embed.ts', ...process.argv.slice(2)]));
