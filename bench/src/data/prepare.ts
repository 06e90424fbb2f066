/** Makes the files of a data set unless they exist. It runs as a process of its own, because generators and the model take long. */
import { existsSync, renameSync, rmSync } from 'node:fs';
import { DEFAULT_MODEL } from '../../../src/model/source/default-model.ts';
import { resolveModel } from '../../../src/model/source/resolve-model.ts';
import { serveRounds } from '../trial/protocol.ts';
import { makeOnce } from './data-files.ts';
import { type DataSet, nameOf, type VectorSet, vectorFiles } from './data-set.ts';
import { writeDocumentationVectors, writeSentenceVectors } from './sentence-vectors.ts';
import { writeStore } from './stores.ts';
import { type TextSource, writeTexts } from './texts.ts';
import { writeTrace } from './traces.ts';
import { writeVectors } from './vectors.ts';

export interface PrepareSpec {
  readonly set: DataSet;
  readonly threads: number;
}

async function prepare({ set, threads }: PrepareSpec): Promise<void> {
  const log = (line: string) => console.error(line);
  const model = () => resolveModel({ model: DEFAULT_MODEL.name, log });
  const source = async () => ({ modelDir: (await model()).dir, threads, log });
  switch (set.kind) {
    case 'trace':
      return void (await makeOnce(`${nameOf(set)}.json`, (path) => writeTrace(set, path)));
    case 'texts':
      return void (await makeOnce(`${nameOf(set)}.json`, async (path) => writeTexts(set, path, await source())));
    case 'store':
      return void (await makeOnce(nameOf(set), async (path) => writeStore(set, path, await model())));
    case 'vectors':
      return prepareVectors(set, source);
  }
}

async function prepareVectors(set: VectorSet, source: () => Promise<TextSource>): Promise<void> {
  const { vectors, queries } = vectorFiles(set);
  if (existsSync(vectors) && existsSync(queries)) return;
  // Rows and queries come from one stream of random numbers. The rows are named last: once they exist, all is complete.
  const partial = { vectors: `${vectors}.${process.pid}.partial`, queries: `${queries}.${process.pid}.partial` };
  try {
    if (set.source === 'sentences') await writeSentenceVectors(set, partial, await source());
    else if (set.source === 'documentation') await writeDocumentationVectors(set, partial, await source());
    else await writeVectors(set, partial);
    renameSync(partial.queries, queries);
    renameSync(partial.vectors, vectors);
  } finally {
    for (const path of Object.values(partial)) rmSync(path, { force: true });
  }
}

await serveRounds<PrepareSpec>(async (spec) => {
  await prepare(spec);
  return { round: () => ({ value: 1 }) };
});
