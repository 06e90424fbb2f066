/** Makes a folder and those that it lies in. */
import { existsSync, mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/**
 * Node's own `recursive` never ends where the system makes no folders, as in /proc.
 * @throws Error of the system
 */
export function makeFolders(path: string): void {
  if (existsSync(path)) return;
  const parent = dirname(resolve(path));
  if (parent !== resolve(path)) makeFolders(parent);
  try {
    mkdirSync(path);
  } catch (error) {
    if (!existsSync(path)) throw error; // another process may have made it meanwhile
  }
}
