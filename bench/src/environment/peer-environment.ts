/** The peers' Python and Node packages, which bench/peers/setup.sh installs when they are missing or out of date. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PathOrMissing, ProgramPaths } from '../trial/programs.ts';

const PEERS = fileURLToPath(new URL('../../peers', import.meta.url));
/** The folder of the peers' Python; COSIMO_PEERS names another one. */
const VENV = process.env['COSIMO_PEERS'] || join(PEERS, '.venv');
const ONNX = join(VENV, 'onnx');
const SETUP = 'bash bench/peers/setup.sh';

export type PeerPaths = Pick<ProgramPaths, 'venv' | 'nodePeers' | 'onnxDir'>;

export function withoutPeers(): PeerPaths {
  const missing = '--peers was not given';
  return { venv: { missing }, nodePeers: { missing }, onnxDir: ONNX };
}

/** Never throws: rows of peers that can't be installed say missing. */
export async function installPeers(log: (line: string) => void, signal: AbortSignal): Promise<PeerPaths> {
  if (!(venvIsCurrent() && nodePeersAreThere() && exportsAreThere())) {
    log(`Making the peers' environments with ${SETUP}: a few minutes and 5.5 GB, once`);
    await runSetup(log, signal);
  }
  const found = (there: boolean, path: string, what: string): PathOrMissing =>
    there ? { path } : { missing: `${what} could not be installed: ${SETUP} says why` };
  return {
    venv: found(venvIsCurrent(), VENV, "the peers' Python environment"),
    nodePeers: found(nodePeersAreThere(), join(PEERS, 'node_modules'), "the peers' Node packages"),
    onnxDir: ONNX,
  };
}

async function runSetup(log: (line: string) => void, signal: AbortSignal): Promise<void> {
  const setup = spawn('bash', [join(PEERS, 'setup.sh'), VENV], {
    stdio: ['ignore', 'inherit', 'inherit'],
    detached: true,
  });
  const kill = () => {
    if (setup.pid !== undefined) process.kill(-setup.pid, 'SIGTERM');
  };
  signal.addEventListener('abort', kill, { once: true });
  await once(setup, 'exit').catch((error: Error) => log(`bash could not be run: ${error.message}`));
  signal.removeEventListener('abort', kill);
}

/** setup.sh leaves the digest of the requirements when everything in them is installed. */
function venvIsCurrent(): boolean {
  return isStamped(join(VENV, '.requirements.sha256'), join(PEERS, 'requirements.txt'));
}

function isStamped(stamp: string, file: string): boolean {
  const wanted = createHash('sha256').update(readFileSync(file)).digest('hex');
  return existsSync(stamp) && readFileSync(stamp, 'utf8').trim() === wanted;
}

/** setup.sh leaves the digest of the lock file. */
function nodePeersAreThere(): boolean {
  return isStamped(join(PEERS, 'node_modules', '.installed'), join(PEERS, 'package-lock.json'));
}

const exportsAreThere = () => ['fp32.onnx', 'int8.onnx'].every((name) => existsSync(join(ONNX, name)));
