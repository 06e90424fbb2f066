/** Which files of a model's folder decide over its vectors. */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { TOKENIZER_CONFIG, tokenizerConfigDecides } from '../sequence-length.ts';
import { decidingFilesAmong } from './manifest.ts';

/** What may lie in a folder of the model's folder. */
const INNER_FILES = ['config.json', 'model.onnx', 'model.onnx_data'];

/** Paths within the folder, with forward slashes, in the order of the fingerprint; links count, wherever they lead. */
export async function decidingFilesIn(dir: string): Promise<string[]> {
  const names = await readdir(dir);
  const inFolders = names.flatMap((name) => INNER_FILES.map((inner) => `${name}/${inner}`));
  const found = decidingFilesAmong([...names, ...inFolders.filter((path) => existsSync(join(dir, path)))]);
  if (!found.includes(TOKENIZER_CONFIG) || (await tokenizerConfigDecides(dir))) return found;
  return found.filter((path) => path !== TOKENIZER_CONFIG);
}
