/** The packages of bench/peers/node_modules. */
import { readFileSync } from 'node:fs';
import { Missing } from '../src/trial/protocol.ts';

const FOLDER = new URL('node_modules/', import.meta.url);

/** The package from there, never another version of it from a folder further up. */
export async function importPeer(name) {
  let address;
  try {
    address = import.meta.resolve(name);
  } catch {
    // the error below says so
  }
  if (!address?.startsWith(FOLDER.href)) throw new Missing(`${name} is not installed: bench/peers/setup.sh does that`);
  return import(address);
}

export function versionOf(name) {
  return JSON.parse(readFileSync(new URL(`${name}/package.json`, FOLDER), 'utf8')).version;
}
