/**
 * Installs what a package-lock.json names. Plain JavaScript for the system's Node >= 20: nothing is installed yet when it
 * starts.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const QUIETLY = ['--no-audit', '--no-fund', '--loglevel=error'];

/** What was installed last: the digest of the lock file, and `runtime` or `all`. Absent after an interrupted install. */
const stampOf = (folder) => join(folder, 'node_modules', '.cosimo-installed');

function readStamp(folder) {
  if (!existsSync(stampOf(folder))) return {};
  const [lock, scope] = readFileSync(stampOf(folder), 'utf8').split(' ');
  return { lock, scope };
}

function npm(folder, args) {
  const { status, error } = spawnSync('npm', [...args, ...QUIETLY], {
    cwd: folder,
    stdio: 'inherit',
    // Older npm runs every install script: this one would fetch the CUDA provider from where few machines get to.
    env: { ...process.env, npm_config_onnxruntime_node_install: 'skip' },
  });
  if (status === 0) return;
  throw new Error(`npm ${args[0]} failed${error ? ` (${error.message})` : ''}: is the package registry within reach?`);
}

/**
 * Installs a folder's packages unless they are there; with `dev` its development dependencies too. These stay once they
 * are there: whoever tests and serves in turn doesn't install in turn.
 * @throws {Error} one sentence, when npm fails
 */
export function install(folder, { dev = false } = {}) {
  const lock = createHash('sha256')
    .update(readFileSync(join(folder, 'package-lock.json')))
    .digest('hex');
  const installed = readStamp(folder);
  const isCurrent = installed.lock === lock;
  if (isCurrent && (installed.scope === 'all' || !dev)) return;
  const scope = dev || installed.scope === 'all' ? 'all' : 'runtime';
  rmSync(stampOf(folder), { force: true });
  // `npm ci` begins by deleting node_modules, on which a service may be running: what is current is added to.
  const command = isCurrent ? ['install', '--no-save'] : ['ci'];
  console.log(`cosimo: installing dependencies (npm ${command[0]}) in ${folder}`);
  npm(folder, [...command, scope === 'all' ? '--include=dev' : '--omit=dev']);
  writeFileSync(stampOf(folder), `${lock} ${scope}`);
}
