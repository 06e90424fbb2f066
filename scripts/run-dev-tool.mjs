/** `node scripts/run-dev-tool.mjs PROGRAM ARGUMENTS`: runs a development tool of node_modules/.bin, and installs it if it is missing. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from './cmake.mjs';
import { install } from './install.mjs';
import { fail } from './set-up.mjs';

const [program, ...args] = process.argv.slice(2);
try {
  install(ROOT, { dev: true });
  if (args.includes('bench')) install(join(ROOT, 'bench'));
} catch (error) {
  fail(error.message);
}
const { status } = spawnSync(join(ROOT, 'node_modules', '.bin', program), args, { cwd: ROOT, stdio: 'inherit' });
process.exit(status ?? 1);
