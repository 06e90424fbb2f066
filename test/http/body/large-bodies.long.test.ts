/** Large bodies are read in a thread of their own, with the same answers. `event-loop.long.test.ts` tests the gain. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { Worker } from 'node:worker_threads';
import { afterAll, describe, onTestFinished, test } from 'vitest';
import { BodyBytes } from '../../../src/http/body/body-bytes.ts';
import { bodyReader } from '../../../src/http/body/body-readers.ts';
import { UnreadableBody } from '../../../src/http/body/read-body.ts';
import { BodyThread } from '../../../src/http/body/thread/body-thread.ts';
import { LargeBodyReader } from '../../../src/http/body/thread/large-body-reader.ts';
import { ValidationFaults } from '../../../src/http/body/validation-faults.ts';
import { type RepeatedRequest, requestFromThread } from '../../support/http-thread.ts';
import { send, startService } from '../../support/service.ts';

const MIB = 1024 * 1024;
/** More than the size from which the thread reads bodies. */
const LARGE = 200_000;
const LIMITS = { listItems: 1e6, stringBytes: 1e9 };
const JSON_TYPE = { 'content-type': 'application/json' };
const SCHEMAS: Readonly<Record<string, string>> = {
  '/embed': 'EmbedRequest',
  '/embed/batch': 'EmbedRequest',
  '/index': 'IndexRequest',
  '/search': 'SearchRequest',
};

const service = await startService();
const origin = await service.app.listen({ port: 0 });
const ask = (path: string, pieces: RepeatedRequest['pieces'], headers: Record<string, string> = JSON_TYPE) =>
  requestFromThread(origin, { method: 'POST', path, headers, pieces });
const post = (path: string, body: unknown, headers = JSON_TYPE) => send(service, 'POST', path, body, headers);

function bytesOf(body: Buffer): BodyBytes {
  const bytes = new BodyBytes();
  for (let at = 0; at < body.length; at += 50_000) bytes.append(body.subarray(at, at + 50_000));
  return bytes;
}

async function outcome(read: () => unknown): Promise<unknown> {
  try {
    return { value: await read() };
  } catch (error) {
    if (error instanceof ValidationFaults) return { faults: error.toJson().toString() };
    if (error instanceof UnreadableBody) return 'unreadable';
    throw error;
  }
}

describe('the thread reads as the event loop does', () => {
  const reader = new LargeBodyReader({ limits: LIMITS, waitingBytesMax: 1e9 });
  afterAll(() => reader.close());
  const { signal } = new AbortController();
  const same = async (schemaId: string, contentType: string | undefined, body: Buffer) => {
    const expected = await outcome(() => bodyReader(schemaId)(body, contentType));
    const answer = await outcome(() => reader.read({ bytes: bytesOf(body), contentType, schemaId, signal }));
    assert.deepEqual(answer, expected);
  };

  test('on every body of the contract', async () => {
    type Case = { path: string; headers: Record<string, string>; body?: string; body_base64?: string };
    const file = new URL('../../fixtures/fastapi-cases.json', import.meta.url);
    const { cases } = JSON.parse(readFileSync(file, 'utf8')) as { cases: Case[] };
    let compared = 0;
    for (const { path, headers, body, body_base64 } of cases) {
      const schemaId = SCHEMAS[path];
      if (schemaId === undefined) continue;
      const bytes = body === undefined ? Buffer.from(body_base64 ?? '', 'base64') : Buffer.from(body);
      await same(schemaId, headers['content-type'], bytes);
      compared += 1;
    }
    assert.ok(compared > 500, `${compared}`);
  });

  test('on long texts, many texts, and more faults than the event loop would list', async () => {
    const texts = Array.from({ length: 5000 }, (_, at) => `${'語é'.repeat(at % 300)}${at}\u0000`);
    await same('EmbedRequest', 'application/json', Buffer.from(JSON.stringify({ texts })));
    await same('EmbedRequest', 'application/json', Buffer.from(JSON.stringify({ texts: ['x'.repeat(3 * MIB), 'é'] })));
    await same('EmbedRequest', 'application/json', Buffer.from(JSON.stringify({ texts: texts.map((_, at) => at) })));
    await same('SearchRequest', undefined, Buffer.from('q'.repeat(LARGE)));
  });
});

describe('answers to large bodies', () => {
  test('30 MB of texts are embedded', async () => {
    const text = (at: number): [string, number][] => [
      [`"${at} `, 1],
      ['word ', 1.5e6],
      [at < 3 ? '",' : '"', 1],
    ];
    const answer = await ask('/embed', [['{"texts":[', 1], ...[0, 1, 2, 3].flatMap(text), [']}', 1]]);
    assert.equal(answer.status, 200);
  });

  test('faults are answered as those of small bodies: malformed, missing, of a wrong type, not UTF-8, too many, too long', async () => {
    const half = 'word '.repeat(LARGE / 5);
    const cut = await post('/embed', `{"texts":["${half}"`);
    assert.equal(cut.status, 422);
    assert.deepEqual(cut.json.detail[0].loc, ['body', LARGE + 12]);
    assert.deepEqual(cut.json.detail[0].ctx, { error: "Expecting ',' delimiter" });
    const missing = await post('/embed', { x: half });
    assert.deepEqual(missing.json.detail, [
      { type: 'missing', loc: ['body', 'texts'], msg: 'Field required', input: { x: half } },
    ]);
    const wrong = await post('/embed', { texts: half, cache: 'perhaps' });
    assert.deepEqual(
      wrong.json.detail.map(({ type, loc }: { type: string; loc: unknown }) => [type, loc]),
      [
        ['list_type', ['body', 'texts']],
        ['bool_parsing', ['body', 'cache']],
      ],
    );
    const bytes = Buffer.concat([Buffer.from(`{"texts":["${half}`), Buffer.from([0xff]), Buffer.from('"]}')]);
    const invalid = await post('/embed', bytes);
    assert.deepEqual([invalid.status, invalid.json], [400, { detail: 'There was an error parsing the body' }]);
    const many = await ask('/embed', [
      ['{"texts":[', 1],
      ['"",', 1e7],
      ['""]}', 1],
    ]);
    assert.deepEqual([many.status, many.text], [400, '{"detail":"Maximum batch size is 100"}']);
    const flood = await post('/embed', `{"texts":[${'1,'.repeat(150_000)}1]}`);
    assert.deepEqual([flood.status, flood.json.detail.length], [422, 100_000]);
    const long = await ask('/search', [
      ['{"query":"', 1],
      ['x', 3e7],
      ['"}', 1],
    ]);
    assert.equal(long.status, 413);
    assert.match(long.text, /MAX_TEXT_BYTES/);
  });

  test('metadata comes back as it was written', async () => {
    const metadata = `{ "b": 1.0, "a": 12345678901234567890, "1": "${'é'.repeat(LARGE)}",  "b": 2e400000 }`;
    const stored = await post('/index', `{"id": "large", "text": "", "metadata": ${metadata}}`);
    assert.equal(stored.status, 200);
    const { text } = await send(service, 'GET', '/index/large');
    assert.ok(text.endsWith(`"metadata":${metadata}}`));
  });

  test('a body of MAX_BODY_BYTES passes, of one more is 413, announced or not', async () => {
    const limited = await startService({ MAX_BODY_BYTES: String(LARGE) });
    const body = (length: number) => `{"texts":["${'x'.repeat(length - 14)}"]}`;
    const embed = (length: number) => send(limited, 'POST', '/embed', body(length), JSON_TYPE);
    assert.equal((await embed(LARGE)).status, 200);
    assert.equal((await embed(LARGE + 1)).status, 413);
    const address = await limited.app.listen({ port: 0 });
    for (const [length, status] of [[LARGE, 200] as const, [LARGE + 1, 413] as const]) {
      const stream = new Blob([body(length)]).stream();
      const answer = await fetch(`${address}/embed`, {
        method: 'POST',
        headers: JSON_TYPE,
        body: stream,
        duplex: 'half',
      });
      assert.equal(answer.status, status);
    }
  });
});

describe('the threads', () => {
  test('many bodies at once are each answered with their own; past the room there is, 429', async () => {
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, at) => post('/index', { id: `many ${at}`, text: 'many '.repeat(LARGE / 5) })),
    );
    assert.deepEqual(
      answers.map(({ json }) => json),
      answers.map((_, at) => ({ indexed: `many ${at}` })),
    );
    const limited = await startService({ MAX_BODY_BYTES: String(LARGE) });
    const body = { texts: ['y'.repeat(LARGE - 100)] };
    const statuses = await Promise.all(
      Array.from({ length: 8 }, async () => (await send(limited, 'POST', '/embed', body)).status),
    );
    assert.deepEqual([...new Set(statuses)].sort(), [200, 429]);
    assert.equal((await send(limited, 'POST', '/embed', body)).status, 200);
  });

  test('when one dies, the request in it is 503 and the next one is answered', async () => {
    const own = await startService();
    const threads: Worker[] = [];
    const remember = (worker: Worker) => threads.push(worker);
    process.on('worker', remember);
    const lost = send(own, 'POST', '/embed', { texts: ['z'.repeat(4 * MIB)] });
    while (threads.length === 0) await new Promise(setImmediate);
    await threads[0]?.terminate();
    assert.equal((await lost).status, 503);
    assert.equal((await send(own, 'POST', '/embed', { texts: ['z'.repeat(LARGE)] })).status, 200);
    process.off('worker', remember);
    assert.equal(threads.length, 2);
  });

  test('when one reads a body for too long, it is ended; meanwhile the other one reads', async () => {
    const program = new URL('../../support/stalling-body-thread.ts', import.meta.url);
    const reader = new LargeBodyReader({
      limits: LIMITS,
      waitingBytesMax: 1e9,
      limit_ms: 2000,
      startThread: (limits) => BodyThread.start(limits, program),
    });
    onTestFinished(() => reader.close());
    const { signal } = new AbortController();
    const read = (contentType: string) =>
      reader.read({ bytes: bytesOf(Buffer.from('{}')), contentType, schemaId: 'EmbedRequest', signal });
    const stalled = read('stall').then(
      () => assert.fail('it was read'),
      (error) => error.code,
    );
    for (let at = 0; at < 3; at += 1) await assert.rejects(read('any'), UnreadableBody);
    const isStalled = Symbol('stalled');
    assert.equal(await Promise.race([stalled, isStalled]), isStalled);
    assert.equal(await stalled, 'cancelled');
    // As many as there are threads: each of them reads again.
    await Promise.all([1, 2].map(() => assert.rejects(read('any'), UnreadableBody)));
  });

  test('closing answers what is in it', async () => {
    const own = await startService();
    const requests = [1, 2, 3].map((at) => send(own, 'POST', '/embed', { texts: [`${at}`.repeat(4 * MIB)] }));
    await new Promise((resolve) => setTimeout(resolve, 30));
    await own.close();
    for (const { status } of await Promise.all(requests)) assert.equal(status, 503);
  });
});
