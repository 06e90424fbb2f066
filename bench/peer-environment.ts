/** The peers' Python and Node packages: made by bench/peers/setup.sh when they aren't there or are out of date. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Found, ProgramPaths } from './programs.ts';

const PEERS = fileURLToPath(new URL('peers', import.meta.url));
/** Where the peers' Python is; COSIMO_PEERS names another folder. */
const VENV = process.env['COSIMO_PEERS'] || join(PEERS, '.venv');
const SETUP = 'bash bench/peers/setup.sh';

export type PeerPaths = Pick<ProgramPaths, 'venv' | 'nodePeers'>;

export function withoutPeers(): PeerPaths {
  const missing = 'run with --peers to measure it';
  return { venv: { missing }, nodePeers: { missing } };
}

/** Never throws: what can't be installed is missing, and its rows say so. */
export async function installPeers(log: (line: string) => void, signal: AbortSignal): Promise<PeerPaths> {
  if (!(venvIsCurrent() && nodePeersAreThere() && existsSync(join(VENV, 'onnx', 'int8.onnx')))) {
    log(`Making the peers' environments with ${SETUP}: a few minutes and several gigabytes, once`);
    await runSetup(signal);
  }
  const found = (there: boolean, path: string, what: string): Found =>
    there ? { path } : { missing: `${what} could not be installed: ${SETUP} says why` };
  return {
    venv: found(venvIsCurrent(), VENV, "the peers' Python environment"),
    nodePeers: found(nodePeersAreThere(), join(PEERS, 'node_modules'), "the peers' Node packages"),
  };
}

async function runSetup(signal: AbortSignal): Promise<void> {
  const setup = spawn('bash', [join(PEERS, 'setup.sh'), VENV], {
    stdio: ['ignore', 'inherit', 'inherit'],
    detached: true,
  });
  const kill = () => {
    if (setup.pid !== undefined) process.kill(-setup.pid, 'SIGTERM');
  };
  signal.addEventListener('abort', kill, { once: true });
  await once(setup, 'exit').catch(() => {}); // no bash: nothing is installed, as the rows say
  signal.removeEventListener('abort', kill);
}

/** setup.sh leaves the digest of the requirements when everything in them is installed. */
function venvIsCurrent(): boolean {
  const stamp = join(VENV, '.requirements.sha256');
  if (!existsSync(stamp)) return false;
  const wanted = createHash('sha256')
    .update(readFileSync(join(PEERS, 'requirements.txt')))
    .digest('hex');
  return readFileSync(stamp, 'utf8').startsWith(wanted);
}

function nodePeersAreThere(): boolean {
  return ['lru-cache', '@huggingface/transformers'].every((name) => existsSync(join(PEERS, 'node_modules', name)));
}
