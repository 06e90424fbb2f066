/** Small stores on disk whose vectors are computed from their texts, and processes that re-embed them. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import type { DocumentStore } from '../../../src/store/document-store.ts';
import { LmdbStore } from '../../../src/store/lmdb/lmdb-store.ts';
import { atEnd } from '../at-end.ts';
import { type DigestModel, vectorOf } from './re-embed.ts';

export const openStore = (dir: string, { name, dimensions }: DigestModel) =>
  new LmdbStore({ dir, dimensions, fingerprint: name, modelName: `org/${name}` });

const scratch = mkdtempSync(join(tmpdir(), 'cosimo-re-embed-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
let folders = 0;
export const newFolder = () => join(scratch, String(folders++));

const textOfId = (id: string) => `text of ${id}`;
export const documentOf = (id: string, text = textOfId(id)) => ({ id, text, metadata: `{"id": "${id}"}` });

/** Makes a store with `count` documents, after some were replaced and deleted. @returns its folder */
export async function storeWith(count: number, model: DigestModel, textOf = textOfId): Promise<string> {
  const dir = newFolder();
  const store = openStore(dir, model);
  const put = (id: string, text = textOf(id)) => {
    const document = documentOf(id, text);
    return store.put(document, vectorOf(model, document.text));
  };
  await Promise.all(Array.from({ length: count + 3 }, (_, at) => put(String(at))));
  await Promise.all([put('1', 'replaced'), store.delete('2'), store.delete('0'), store.delete(String(count + 2))]);
  await store.close();
  return dir;
}

/** The documents of an open store with their vectors, by version. */
export function contentsOf(store: DocumentStore, dimensions: number) {
  const found = new Map<number, { id: string; text: string; metadata: string; vector: number[] }>();
  for (const { versions, vectors } of store.vectors()) {
    versions.forEach((version, at) => {
      const document = store.get(version);
      if (document === undefined) throw new Error(`no document has the version ${version}`);
      found.set(version, { ...document, vector: [...vectors.subarray(at * dimensions, (at + 1) * dimensions)] });
    });
  }
  return found;
}

/**
 * Re-embeds in a process of its own, which prints `encoding` at each batch and at its end the outcome's kind or the error.
 * @param pause_ms how long each batch takes to encode
 */
export function spawnReembed(dir: string, model: DigestModel, pause_ms: number): ChildProcess {
  const script = `import { reembedWith, vectorOf } from ${JSON.stringify(new URL('re-embed.ts', import.meta.url).href)};
    const encode = async (texts) => {
      console.log('encoding');
      await new Promise((resolve) => setTimeout(resolve, ${pause_ms}));
      return texts.map((text) => vectorOf(${JSON.stringify(model)}, text));
    };
    reembedWith(${JSON.stringify(dir)}, ${JSON.stringify(model)}, { encode })
      .then(({ outcome }) => console.log(outcome.kind), (error) => console.log(error.message));`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  atEnd(() => child.kill('SIGKILL'));
  return child;
}

export const OLD: DigestModel = { name: 'old', dimensions: 4 };
export const NEW: DigestModel = { name: 'new', dimensions: 7 };

/** The contents of a store that no process has open. */
export async function contents(dir: string, model: DigestModel) {
  const store = openStore(dir, model);
  try {
    assert.equal(contentsOf(store, model.dimensions).size, store.documents);
    return contentsOf(store, model.dimensions);
  } finally {
    await store.close();
  }
}

/** The same documents and versions with the vectors of another model. */
export const encodedBy = (model: DigestModel, before: Awaited<ReturnType<typeof contents>>) =>
  new Map([...before].map(([version, stored]) => [version, { ...stored, vector: [...vectorOf(model, stored.text)] }]));

/** Asserts that the documents are unchanged, have the vectors of `model`, and that OLD is refused. */
export async function assertSwitched(dir: string, before: Awaited<ReturnType<typeof contents>>, model = NEW) {
  assert.deepEqual(await contents(dir, model), encodedBy(model, before));
  assert.throws(() => openStore(dir, OLD), { code: 'index_model_mismatch' });
}
