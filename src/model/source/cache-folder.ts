/** Where Cosimo keeps models: `models/ORG--NAME/REVISION/…files` in the user's folder for caches. */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** Absolute. XDG_CACHE_HOME where it is set, else the platform's own. */
export function cacheRoot(environment: NodeJS.ProcessEnv, platform: NodeJS.Platform = process.platform): string {
  return resolve(environment['XDG_CACHE_HOME'] || platformCaches(environment, platform), 'cosimo');
}

function platformCaches(environment: NodeJS.ProcessEnv, platform: NodeJS.Platform): string {
  const home = environment['HOME'] || homedir();
  if (platform === 'darwin') return join(home, 'Library', 'Caches');
  if (platform === 'win32') return environment['LOCALAPPDATA'] || join(homedir(), 'AppData', 'Local');
  return join(home, '.cache');
}

/** The folder of all revisions of a model; `root` is Cosimo's cache. */
export function modelFolder(root: string, name: string): string {
  return join(root, 'models', name.replace('/', '--'));
}
