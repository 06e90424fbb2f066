/** `npm run re-embed` is stopped and run again: the real model encodes 1,000 documents. */
import assert from 'node:assert/strict';
import { test } from 'vitest';
import { call, startProcess } from '../support/process.ts';
import { reEmbed } from '../support/store/re-embed-process.ts';
import { contentsOf, OLD, openStore, storeWith } from '../support/store/store.ts';

test('kill -9 in the middle, SIGTERM in the middle, a last run: the server finds by the new vectors', async () => {
  const count = 1000;
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
  killed.child.kill('SIGSTOP'); // so that it does not finish meanwhile
  const busy = await startProcess(settings);
  assert.equal(await busy.ended, 1);
  assert.match(busy.output(), new RegExp(`^cosimo: .* is in use by process ${killed.child.pid}`, 'm'));
  killed.child.kill('SIGKILL');
  const { output } = await killed.ended;
  assert.match(output, /^cosimo: The vectors were made by org\/old \(old\); encoding 1000 documents with /m);
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
  assert.ok(doneByFirst >= 200, second.output);
  const doneBySecond = Number(/^cosimo: Stopped after (\d+) of 1000 documents\./m.exec(second.output)?.[1]);
  assert.ok(doneBySecond > doneByFirst && doneBySecond < count, second.output);

  const last = await reEmbed(settings).ended;
  assert.equal(last.status, 0, last.output);
  const closing =
    /^cosimo: (\d+) documents encoded in \d+\.\d s\. DATA_DIR=.* holds the vectors of .* now \(1000 documents\)\.$/m;
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
