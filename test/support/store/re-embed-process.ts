/** The command `npm run re-embed` as a process. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { atEnd } from '../at-end.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

/** Starts the command; `said` resolves once its output matches. */
export function reEmbed(settings: Readonly<Record<string, string>>) {
  const env = { ...process.env, DEVICE: 'cpu', ...settings };
  const child = spawn(process.execPath, ['src/cli/re-embed.ts'], { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] });
  atEnd(() => child.kill('SIGKILL'));
  let output = '';
  let heard = () => {};
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk;
      heard();
    });
  }
  const ended = once(child, 'close').then(([status, signal]) => ({ status: status ?? signal, output }));
  const said = (what: RegExp) =>
    new Promise<void>((resolve, reject) => {
      heard = () => what.test(output) && resolve();
      void ended.then(() => reject(new Error(`it ended: ${output}`)));
    });
  return { child, ended, said };
}
