/** The command `npm run re-embed` as a process: the real model encodes a store that a made-up one wrote. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, test } from 'vitest';
import { atEnd } from '../support/at-end.ts';
import { BROKEN_WORD, modelWithBrokenToken } from '../support/model.ts';
import { call, startProcess } from '../support/process.ts';
import { vectorOf } from '../support/re-embed.ts';
import { send, startService } from '../support/service.ts';
import { contentsOf, documentOf, newFolder, OLD, openStore, storeWith } from '../support/store.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Starts it; `said` resolves once it has printed what matches. */
function reEmbed(settings: Readonly<Record<string, string>>) {
  const env = { ...process.env, DEVICE: 'cpu', ...settings };
  const child = spawn(process.execPath, ['src/cli/re-embed.ts'], { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] });
  atEnd(() => child.kill('SIGKILL'));
  let output = '';
  let heard = () => {};
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk;
      heard();
    });
  }
  const ended = once(child, 'close').then(([status, signal]) => ({ status: status ?? signal, output }));
  const said = (what: RegExp) =>
    new Promise<void>((resolve, reject) => {
      heard = () => what.test(output) && resolve();
      void ended.then(() => reject(new Error(`it ended: ${output}`)));
    });
  return { child, ended, said };
}

test('kill -9 in the middle, SIGTERM in the middle, a last run: the server finds by the new vectors', async () => {
  const count = 2000;
  const longTextOf = (id: string) =>
    `text of ${id}, as long as it takes to be in the middle of them, ${'word '.repeat(12)}`;
  const dir = await storeWith(count, OLD, longTextOf);
  const settings = { DATA_DIR: dir };
  const old = openStore(dir, OLD);
  const before = contentsOf(old, OLD.dimensions);
  await old.close();

  const refused = await startProcess(settings);
  assert.equal(await refused.ended, 1);
  assert.match(
    refused.output(),
    /^cosimo: .* holds vectors made by org\/old \(old\), not by .*run `npm run re-embed`/m,
  );

  const killed = reEmbed(settings);
  await killed.said(/^Encoding: 20%$/m);
  killed.child.kill('SIGSTOP'); // it shall not come to its end meanwhile
  const busy = await startProcess(settings);
  assert.equal(await busy.ended, 1);
  assert.match(busy.output(), new RegExp(`^cosimo: .* is in use by process ${killed.child.pid}`, 'm'));
  killed.child.kill('SIGKILL');
  const { output } = await killed.ended;
  assert.match(output, /^cosimo: The vectors were made by org\/old \(old\); encoding 2000 documents with /m);
  assert.doesNotMatch(output, /encoded in/, 'it was in the middle');
  const still = openStore(dir, OLD);
  assert.deepEqual(contentsOf(still, OLD.dimensions), before);
  await still.close();

  const stopped = reEmbed(settings);
  await stopped.said(/^Encoding: 30%$/m);
  stopped.child.kill('SIGTERM');
  stopped.child.kill('SIGTERM');
  const second = await stopped.ended;
  assert.equal(second.status, 1);
  const doneByFirst = Number(/earlier run stopped: (\d+) documents done already/.exec(second.output)?.[1]);
  assert.ok(doneByFirst >= 400, second.output);
  const doneBySecond = Number(/^cosimo: Stopped after (\d+) of 2000 documents\./m.exec(second.output)?.[1]);
  assert.ok(doneBySecond > doneByFirst && doneBySecond < count, second.output);

  const last = await reEmbed(settings).ended;
  assert.equal(last.status, 0, last.output);
  const closing =
    /^cosimo: (\d+) documents encoded in \d+\.\d s\. DATA_DIR=.* holds the vectors of .* now \(2000 documents\)\.$/m;
  assert.equal(Number(closing.exec(last.output)?.[1]), count - doneBySecond, last.output);

  const again = await reEmbed(settings).ended;
  assert.deepEqual([again.status, again.output.includes('already: there is nothing to encode again.')], [0, true]);

  const server = await startProcess(settings);
  await server.ready();
  for (const id of ['3', '1', String(count)]) {
    const text = id === '1' ? 'replaced' : longTextOf(id);
    const { json } = await call(server.origin, 'POST', '/search', { query: text, top_k: 1 });
    const [hit] = json as { id: string; score: number; metadata: object }[];
    assert.deepEqual([hit?.id, hit?.metadata], [id, { id }]);
    assert.ok((hit?.score ?? 0) > 0.99999);
  }
});

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
