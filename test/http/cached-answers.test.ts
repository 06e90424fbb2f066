/** Answers from the cache: entries expire, and an answer keeps its bytes while a client doesn't read. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'vitest';
import { send, startService } from '../support/service.ts';

test('CACHE_TTL_MS: a text is encoded anew once its vector is too old', async () => {
  const lasting = await startService({ CACHE_TTL_MS: '3600000' });
  const passing = await startService({ CACHE_TTL_MS: '1' });
  for (const [service, cached] of [
    [lasting, 1],
    [passing, 0],
  ] as const) {
    const embed = async () => (await send(service, 'POST', '/embed', { texts: ['how long this stays'] })).json;
    await embed();
    await sleep(10);
    assert.equal((await embed()).cached_count, cached);
  }
});

test('an answer keeps its bytes while its client does not read, whatever is answered meanwhile', async () => {
  const service = await startService();
  const origin = await service.app.listen({ host: '127.0.0.1', port: 0 });
  const port = Number(new URL(origin).port);
  const texts = (name: string) => Array.from({ length: 100 }, (_, at) => `${name}, text ${at} of a hundred`);
  const call = (body: object) =>
    fetch(`${origin}/embed/batch`, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    }).then((answer) => answer.text());
  const expected = await call({ texts: texts('slow') });
  for (const name of ['one', 'two', 'three']) await call({ texts: texts(name) });

  // Pipelined, so that the answers exceed the system's buffers.
  const CALLS = 40;
  const body = JSON.stringify({ texts: texts('slow') });
  const head = `POST /embed/batch HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`;
  const slow = connect(port, '127.0.0.1').pause();
  await once(slow, 'connect');
  slow.write((head + body).repeat(CALLS));
  await sleep(100);
  for (let round = 0; round < 10; round += 1) {
    await Promise.all(['one', 'two', 'three'].map((name) => call({ texts: texts(name) })));
  }
  let received = '';
  slow.setEncoding('latin1').on('data', (chunk) => (received += chunk));
  slow.resume();
  const answers = () => received.split('HTTP/1.1 200 OK\r\n').slice(1);
  const length = expected.length;
  const isWhole = () => answers().length === CALLS && answers().every((answer) => answer.length >= length);
  for (let left = 500; left > 0 && !isWhole(); left -= 1) await sleep(20);
  slow.destroy();
  assert.equal(answers().length, CALLS);
  for (const answer of answers()) assert.equal(answer.slice(answer.indexOf('\r\n\r\n') + 4), expected);
});
