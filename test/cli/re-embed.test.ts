/** The command `npm run re-embed` as a process: the real model encodes a store that a made-up one wrote. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, test } from 'vitest';
import { BROKEN_WORD, modelWithBrokenToken } from '../support/models/model.ts';
import { send, startService } from '../support/service.ts';
import { vectorOf } from '../support/store/re-embed.ts';
import { reEmbed } from '../support/store/re-embed-process.ts';
import { documentOf, newFolder, OLD, openStore, storeWith } from '../support/store/store.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

test('the vectors are those that a server stores', async () => {
  const dir = await storeWith(20, OLD);
  assert.equal((await reEmbed({ DATA_DIR: dir }).ended).status, 0);
  const service = await startService({ DATA_DIR: dir });
  const search = async () => (await send(service, 'POST', '/search', { query: 'text', top_k: 30, threshold: -1 })).json;
  const scores = (hits: { id: string; score: number }[]) => new Map(hits.map(({ id, score }) => [id, score]));
  const found = scores(await search());
  assert.equal(found.size, 20);
  for (const id of found.keys()) {
    const { json } = await send(service, 'GET', `/index/${id}`);
    await send(service, 'POST', '/index', { id, text: json.text });
  }
  for (const [id, score] of scores(await search())) {
    assert.ok(Math.abs(score - (found.get(id) as number)) < 1e-6, id); // batches differ in their padding
  }
});

describe('what ends it at once is told in one sentence', () => {
  const cases: [name: string, settings: () => Promise<Record<string, string>>, status: number, message: RegExp][] = [
    ['a folder without a store', async () => ({ DATA_DIR: newFolder() }), 0, /holds no documents: there is nothing/],
    [
      'DATA_DIR=:memory:, which keeps nothing',
      async () => ({ DATA_DIR: ':memory:' }),
      0,
      /DATA_DIR=:memory: keeps no documents/,
    ],
    ['a bad setting', async () => ({ BATCH_TOKENS: 'many' }), 1, /BATCH_TOKENS=many: must be integer/],
    [
      'CUDA where there is none',
      async () => ({ DATA_DIR: await storeWith(3, OLD), DEVICE: 'cuda', CUDA_VISIBLE_DEVICES: '' }),
      ...([1, /DEVICE=cuda, but CUDA cannot be used here/] as const),
    ],
  ];
  for (const [name, settings, status, message] of cases) {
    test(name, async () => {
      const { status: ended, output } = await reEmbed(await settings()).ended;
      assert.equal(ended, status, output);
      assert.match(output, message);
      assert.match(output, /^cosimo: /m);
      assert.doesNotMatch(output, /^ +at /m, 'no stack');
    });
  }

  test('a text that the model cannot encode, whose document is named', async () => {
    const dir = await storeWith(10, OLD);
    const store = openStore(dir, OLD);
    await store.put(documentOf('the "bad" one', `a ${BROKEN_WORD}`), vectorOf(OLD, ''));
    await store.close();
    const { status, output } = await reEmbed({ DATA_DIR: dir, MODEL_DIR: await modelWithBrokenToken() }).ended;
    assert.equal(status, 1);
    assert.match(output, /^cosimo: The document "the \\"bad\\" one" could not be encoded with /m);
    await openStore(dir, OLD).close();
  });
});

test('npm run re-embed is that process, after the set-up', async () => {
  const env = { ...process.env, DATA_DIR: newFolder() };
  const child = spawn('npm', ['run', '--silent', 're-embed'], { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  const [status] = await once(child, 'close');
  assert.deepEqual([status, output.includes(`DATA_DIR=${env.DATA_DIR} holds no documents`)], [0, true]);
});
