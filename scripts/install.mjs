/**
 * Installs what a package-lock.json names. Plain JavaScript for the system's Node 20 or newer: nothing is installed yet when
 * it starts.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const QUIETLY = ['--no-audit', '--no-fund', '--loglevel=error'];

/** The file that says what was installed last: the digest of the lock file, and `runtime` or `all`. It is missing after an interrupted install. */
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
    // Older npm runs every install script. This one would fetch the CUDA provider from a server that few machines reach.
    env: { ...process.env, npm_config_onnxruntime_node_install: 'skip' },
  });
  if (status === 0) return;
  throw new Error(`npm ${args[0]} failed${error ? ` (${error.message})` : ''}: is the package registry within reach?`);
}

/**
 * Installs a folder's packages unless they are installed; with `dev` its development dependencies too. Those are never
 * removed, so that serving after testing installs nothing.
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
  // `npm ci` first deletes node_modules, which a running service may use. If the packages are current, `npm install` adds to them.
  const command = isCurrent ? ['install', '--no-save'] : ['ci'];
  console.log(`cosimo: installing dependencies (npm ${command[0]}) in ${folder}`);
  npm(folder, [...command, scope === 'all' ? '--include=dev' : '--omit=dev']);
  writeFileSync(stampOf(folder), `${lock} ${scope}`);
}
