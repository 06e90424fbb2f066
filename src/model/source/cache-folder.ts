/** Where Cosimo keeps models: `models/ORG--NAME/REVISION/…files` in the user's folder for caches. */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** An absolute path: in XDG_CACHE_HOME if that is set, otherwise in the platform's own folder for caches. */
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
