/** Bodies that are refused before they have come in: the client gets the answer, and the memory is free again. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import Fastify from 'fastify';
import { describe, test } from 'vitest';
import { gatherBody } from '../../../src/http/body/gather-body.ts';
import { Uploads } from '../../../src/http/body/uploads.ts';
import { registerDeadline } from '../../../src/http/deadline.ts';
import { installErrorHandler } from '../../../src/http/error-handler.ts';
import { answerProtocolError } from '../../../src/http/protocol-errors.ts';
import { atEnd } from '../../support/at-end.ts';
import { startService } from '../../support/service.ts';

const MIB = 1024 * 1024;
const LIMITS = { MAX_BODY_BYTES: String(MIB), QUEUE_BYTES: String(4 * MIB), UPLOAD_BYTES: String(2 * MIB) };
const service = await startService(LIMITS);
const origin = await service.app.listen({ port: 0, host: '127.0.0.1' });

/** A connection, and all that has come from it. */
async function open(to = origin): Promise<{ socket: Socket; received: () => string }> {
  const socket = connect(Number(new URL(to).port), '127.0.0.1');
  await once(socket, 'connect');
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk;
  });
  socket.on('error', () => {});
  return { socket, received: () => text };
}

async function until(holds: () => boolean, within_ms = 5000): Promise<void> {
  const end_ms = performance.now() + within_ms;
  while (!holds()) {
    assert.ok(performance.now() < end_ms, 'it did not happen in time');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const head = (bytes: number | 'chunked', more = '', path = '/embed') =>
  [
    `POST ${path} HTTP/1.1`,
    'host: cosimo',
    'content-type: application/json',
    bytes === 'chunked' ? 'transfer-encoding: chunked' : `content-length: ${bytes}`,
    ...(more ? [more] : []),
    '\r\n',
  ].join('\r\n');
const EMBED = JSON.stringify({ texts: ['a small text'] });

describe('a body past MAX_BODY_BYTES', () => {
  for (const [how, more] of [
    ['kept alive', ''],
    ['to be closed', 'connection: close'],
  ] as const) {
    test(`is 413 for a client that reads only after it has sent all, on a connection ${how}`, async () => {
      for (let round = 0; round < 10; round += 1) {
        const { socket, received } = await open();
        socket.pause();
        socket.write(head(8 * MIB, more));
        // In pieces, as clients do: the connection must last until the last one.
        for (let piece = 0; piece < 8; piece += 1) {
          await new Promise<void>((resolve, reject) => {
            socket.write(Buffer.alloc(MIB, 0x20), (error) => (error ? reject(error) : resolve()));
          });
        }
        socket.resume();
        await until(() => received().includes('MAX_BODY_BYTES'));
        assert.match(received(), /^HTTP\/1\.1 413 /);
        socket.destroy();
      }
    });
  }

  for (const more of ['connection: close', 'connection: Close, te']) {
    test(`${more}: the connection ends when the body has come in`, async () => {
      const { socket, received } = await open();
      socket.write(head(2 * MIB, more) + ' '.repeat(MIB));
      await until(() => received().includes('MAX_BODY_BYTES'));
      assert.ok(!socket.readableEnded, 'the client still sends');
      socket.write(' '.repeat(MIB));
      await until(() => socket.readableEnded);
    });
  }

  test('HTTP/1.0: the connection ends when the body has come in', async () => {
    const { socket, received } = await open();
    socket.write(head(2 * MIB).replace('HTTP/1.1', 'HTTP/1.0') + ' '.repeat(2 * MIB));
    await until(() => received().includes('MAX_BODY_BYTES'));
    await until(() => socket.readableEnded);
  });

  test('is 413 when it comes in chunks, and the connection goes on', async () => {
    const { socket, received } = await open();
    socket.write(head('chunked'));
    const chunk = Buffer.alloc(MIB / 2, 0x20);
    for (let piece = 0; piece < 6; piece += 1) socket.write(`${chunk.length.toString(16)}\r\n${chunk}\r\n`);
    socket.write(`0\r\n\r\n${head(EMBED.length)}${EMBED}`);
    await until(() => received().includes('HTTP/1.1 200 '));
    assert.match(received(), /^HTTP\/1\.1 413 /);
    socket.destroy();
  });
});

describe('Expect: 100-continue', () => {
  const expect = 'expect: 100-continue';

  test('is answered 413 at once, and the connection ends', async () => {
    const { socket, received } = await open();
    socket.write(head(8 * MIB, expect));
    await until(() => received().includes('\r\n\r\n'));
    assert.match(received(), /^HTTP\/1\.1 413 /);
    await until(() => socket.readableEnded);
  });

  test('is answered 404 at once where there is no such call', async () => {
    const { socket, received } = await open();
    socket.write(head(EMBED.length, expect, '/nothing'));
    await until(() => received().includes('\r\n\r\n'));
    assert.match(received(), /^HTTP\/1\.1 404 /);
    socket.destroy();
  });

  test('asks for a body that is wanted', async () => {
    const { socket, received } = await open();
    socket.write(head(EMBED.length, expect));
    await until(() => received() === 'HTTP/1.1 100 Continue\r\n\r\n');
    socket.write(EMBED);
    await until(() => received().includes('HTTP/1.1 200 '));
    socket.destroy();
  });
});

describe('UPLOAD_BYTES', () => {
  test('past it large bodies are 429 and small ones are served; then there is room again', async () => {
    const clients = await Promise.all(Array.from({ length: 6 }, () => open()));
    for (const { socket } of clients) socket.write(head(MIB - 100) + ' '.repeat(MIB / 2));
    await until(() => clients.filter(({ received }) => received() !== '').length >= 2);
    for (const { received } of clients) if (received() !== '') assert.match(received(), /^HTTP\/1\.1 429 /);
    const small = await fetch(`${origin}/embed`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: EMBED,
    });
    assert.equal(small.status, 200);
    assert.ok(clients.some(({ received }) => received() === ''));
    for (const { socket } of clients) socket.destroy();
    const { socket, received } = await open();
    socket.write(head(MIB - 100) + EMBED + ' '.repeat(MIB - 100 - EMBED.length));
    await until(() => received().startsWith('HTTP/1.1 200 '));
    socket.destroy();
  });

  test('less than MAX_BODY_BYTES is refused at the start', async () => {
    await assert.rejects(startService({ UPLOAD_BYTES: '1000' }), /UPLOAD_BYTES=1000 is less than twice MAX_BODY_BYTES/);
  });
});

describe('a body that comes too slowly', () => {
  type Times = { idle_ms: number; grace_ms: number; bytesPerS: number };
  /** @param nodesLimit_ms after which Node itself finds a request late */
  const slowService = async (times: Times, limit_ms = 60_000, nodesLimit_ms = 60_000) => {
    const uploads = new Uploads({ bytesMax: MIB, ...times });
    const app = Fastify({
      requestTimeout: nodesLimit_ms,
      http: { connectionsCheckingInterval: 50, headersTimeout: nodesLimit_ms },
      clientErrorHandler: answerProtocolError,
    });
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', gatherBody(MIB, uploads));
    app.post('/embed', { schema: { body: {} } }, async () => 'read');
    atEnd(() => app.close());
    registerDeadline(app, limit_ms);
    installErrorHandler(app, () => 1, undefined);
    return { uploads, to: await app.listen({ port: 0, host: '127.0.0.1' }) };
  };

  test('is 408 when nothing has come for the idle time', async () => {
    const { uploads, to } = await slowService({ idle_ms: 200, grace_ms: 60_000, bytesPerS: 1 });
    const { socket, received } = await open(to);
    socket.write(`${head(1000)}{`);
    await until(() => uploads.bytes === 1);
    await until(() => received().startsWith('HTTP/1.1 408 '));
    assert.equal(uploads.bytes, 0);
  });

  test('no longer counts once the time of its request is up, and the client may send the rest', async () => {
    const { uploads, to } = await slowService({ idle_ms: 60_000, grace_ms: 60_000, bytesPerS: 1 }, 200);
    const { socket, received } = await open(to);
    socket.write(head(1000) + ' '.repeat(500));
    await until(() => uploads.bytes === 500);
    await until(() => received() !== '');
    assert.match(received(), /^HTTP\/1\.1 5/);
    assert.equal(uploads.bytes, 0);
    socket.write(`${' '.repeat(500)}${head(2)}{}`);
    await until(() => received().includes('HTTP/1.1 200 '));
    socket.destroy();
  });

  test('gets one answer: Node finds the same request late, and then the connection ends', async () => {
    const { to } = await slowService({ idle_ms: 60_000, grace_ms: 60_000, bytesPerS: 1 }, 200, 400);
    const { socket, received } = await open(to);
    socket.write(head(1000) + ' '.repeat(500));
    await until(() => socket.readableEnded || socket.destroyed);
    assert.equal(received().match(/HTTP\/1\.1 /g)?.length, 1);
    assert.match(received(), /^HTTP\/1\.1 503 /);
  });

  test('is 408 when it trickles, and 200 when it is fast enough', async () => {
    const { to } = await slowService({ idle_ms: 2000, grace_ms: 300, bytesPerS: 200 });
    const trickling = await open(to);
    const steady = await open(to);
    trickling.socket.write(head(1000));
    steady.socket.write(head(1000));
    for (let piece = 0; piece < 20; piece += 1) {
      if (trickling.received() === '') trickling.socket.write(' ');
      steady.socket.write(' '.repeat(50));
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await until(() => trickling.received().startsWith('HTTP/1.1 408 '));
    await until(() => steady.received().startsWith('HTTP/1.1 200 '));
  });
});
