/** A client that hangs up early gives back the memory that its answer has taken. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { test } from 'vitest';
import { send, startService } from '../support/service.ts';

test('clients that hang up while their body is read leave no bytes in ANSWER_BYTES', async () => {
  const service = await startService({ ANSWER_BYTES: '4194304' });
  const origin = new URL(await service.app.listen({ port: 0 }));
  await send(service, 'POST', '/index', { id: 'large', text: 'a long text '.repeat(17_000) });
  const search = (query: string) => send(service, 'POST', '/search', { query, threshold: -1 });
  const body = JSON.stringify({ query: 'q '.repeat(40_000), threshold: -1 });
  const head = `POST /search HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
  for (let at = 0; at < 40; at += 1) {
    const socket = connect(Number(origin.port), '127.0.0.1');
    socket.on('error', () => {});
    await new Promise<void>((resolve) => socket.write(head + body, () => resolve()));
    await setTimeout(at % 5);
    socket.destroy();
  }
  await setTimeout(500);
  for (let at = 0; at < 3; at += 1) assert.equal((await search(`after ${at}`)).status, 200);
});
