/** POST /v1/embeddings and GET /v1/models with OpenAI's own client, over a real socket. */
import assert from 'node:assert/strict';
import OpenAI, { APIError, AuthenticationError, BadRequestError, NotFoundError, RateLimitError } from 'openai';
import { describe, test } from 'vitest';
import { send, startService } from '../../support/service.ts';

const MODEL = 'sentence-transformers/all-MiniLM-L6-v2';
const service = await startService();
const origin = await service.app.listen({ port: 0 });
const clientOf = (address: string, apiKey = 'none') =>
  new OpenAI({ baseURL: `${address}/v1`, apiKey, maxRetries: 0, timeout: 30_000 });
const client = clientOf(origin);
const embed = async (texts: readonly string[]) =>
  (await send(service, 'POST', '/embed', { texts })).json.embeddings as number[][];
const raw = (body: unknown, headers: Record<string, string> = {}) =>
  send(service, 'POST', '/v1/embeddings', body, headers);

function assertNear(actual: readonly number[], expected: readonly number[], difference = 1e-6): void {
  assert.equal(actual.length, expected.length);
  actual.forEach((value, at) => assert.ok(Math.abs(value - (expected[at] as number)) <= difference, `number ${at}`));
}

describe('what no route takes', () => {
  const cases: [method: string, path: string, status: number, code: string][] = [
    ['POST', '/v1/chat/completions', 404, 'unknown_url'],
    ['GET', '/v1', 404, 'unknown_url'],
    ['GET', '/v1/embeddings', 405, 'method_not_supported'],
    ['DELETE', '/v1/models', 405, 'method_not_supported'],
  ];
  test.each(cases)('%s %s is %i', async (method, path, status, code) => {
    const answer = await send(service, method, path);
    assert.equal(answer.status, status);
    const { message, ...rest } = answer.json.error;
    assert.deepEqual(rest, { type: 'invalid_request_error', param: null, code });
    assert.match(message, new RegExp(path));
  });
});

describe('embeddings', () => {
  test('2,048 inputs are taken, and encoded in batches that fit the queue one by one', async () => {
    const small = await startService({ QUEUE_TOKENS: '2000' });
    const input = Array.from({ length: 2048 }, (_, at) => `${at % 500}`);
    const { status, json } = await send(small, 'POST', '/v1/embeddings', { model: MODEL, input });
    assert.equal(status, 200);
    assert.equal(json.data.length, 2048);
    assert.ok(json.usage.prompt_tokens >= 3 * 2048);
    assert.deepEqual(json.data[2047].embedding, json.data[2047 - 500].embedding);
    assert.notDeepEqual(json.data[2047].embedding, json.data[2046].embedding);
  });

  test('one text, as floats, has the vector of /embed', async () => {
    const answer = await client.embeddings.create({ model: MODEL, input: 'Hello, world!', encoding_format: 'float' });
    const [vector] = await embed(['Hello, world!']);
    assert.deepEqual(answer.data, [{ object: 'embedding', index: 0, embedding: vector }]);
    assert.deepEqual([answer.object, answer.model], ['list', MODEL]);
    assert.deepEqual(answer.usage, { prompt_tokens: 6, total_tokens: 6, truncated_texts: 0 });
  });

  test('several texts come in base64, as the client asks by itself, also by the last part of the name', async () => {
    const input = ['first', 'second', 'first', 'Ünïcödé 漢字 🎉'];
    const answer = await client.embeddings.create({ model: 'all-MiniLM-L6-v2', input });
    const vectors = await embed(input);
    assert.deepEqual(
      answer.data.map(({ index }) => index),
      [0, 1, 2, 3],
    );
    answer.data.forEach(({ embedding }, at) => assertNear(embedding, vectors[at] as number[], 1e-8));
  });

  test('base64 is little-endian float32', async () => {
    const { json } = await raw({ model: MODEL, input: 'first', encoding_format: 'base64' });
    const bytes = Buffer.from(json.data[0].embedding, 'base64');
    const [vector] = (await embed(['first'])) as [number[]];
    assertNear(
      Array.from({ length: 384 }, (_, at) => bytes.readFloatLE(at * 4)),
      vector,
    );
    assert.equal(bytes.length, 384 * 4);
  });

  test('fewer dimensions are the first ones, renormalized', async () => {
    const [whole] = (await embed(['shortened'])) as [number[]];
    for (const dimensions of [1, 2, 100, 383, 384]) {
      const { data } = await client.embeddings.create({ model: MODEL, input: 'shortened', dimensions });
      const first = whole.slice(0, dimensions);
      const norm = Math.hypot(...first);
      assertNear(
        (data[0] as { embedding: number[] }).embedding,
        first.map((value) => value / norm),
      );
    }
  });

  test('token ids: [CLS] and [SEP] are added where they are missing', async () => {
    const hello = [7592, 1010, 2088, 999];
    const [expected] = (await embed(['Hello, world!'])) as [number[]];
    for (const ids of [hello, [101, ...hello], [...hello, 102], [101, ...hello, 102]]) {
      const { data, usage } = await client.embeddings.create({ model: MODEL, input: ids, encoding_format: 'float' });
      assertNear((data[0] as { embedding: number[] }).embedding, expected, 1e-5);
      assert.equal(usage.prompt_tokens, 6);
    }
    const { data, usage } = await client.embeddings.create({ model: MODEL, input: [hello, [101, 102], hello] });
    assert.equal(usage.prompt_tokens, 6 + 2 + 6);
    assertNear((data[2] as { embedding: number[] }).embedding, expected, 1e-5);
    const [empty] = (await embed([''])) as [number[]];
    assertNear((data[1] as { embedding: number[] }).embedding, empty, 1e-5);
  });

  test('usage counts tokens as the model sees them, of cached texts too, and texts that were truncated', async () => {
    const long = 'word '.repeat(300);
    const input = [long, 'two words', 'two words'];
    for (const round of ['new', 'cached']) {
      const { usage } = await client.embeddings.create({ model: MODEL, input });
      assert.deepEqual(usage, { prompt_tokens: 256 + 4 + 4, total_tokens: 264, truncated_texts: 1 }, round);
    }
    const ids = Array.from({ length: 300 }, () => 2773);
    const { usage, data } = await client.embeddings.create({ model: MODEL, input: ids });
    assert.deepEqual(usage, { prompt_tokens: 256, total_tokens: 256, truncated_texts: 1 });
    const [expected] = (await embed([long])) as [number[]];
    assertNear((data[0] as { embedding: number[] }).embedding, expected, 1e-5);
  });

  test('texts are cached for every endpoint', async () => {
    await client.embeddings.create({ model: MODEL, input: 'only asked for here' });
    const { json } = await send(service, 'POST', '/embed', { texts: ['only asked for here'] });
    assert.equal(json.cached_count, 1);
  });

  test('a body past 64 KiB is read and answered alike', async () => {
    const input = Array.from({ length: 50 }, (_, at) => `${at} ${'long '.repeat(300)}`);
    const { data, usage } = await client.embeddings.create({ model: MODEL, input });
    assert.deepEqual([data.length, usage.prompt_tokens], [50, 12_800]);
    const ids = Array.from({ length: 40 }, () => Array.from({ length: 400 }, () => 2773));
    assert.equal((await client.embeddings.create({ model: MODEL, input: ids })).usage.prompt_tokens, 40 * 256);
  });
});

describe('models', () => {
  test('the list holds the one that is served', async () => {
    const models = [];
    for await (const model of client.models.list()) models.push(model);
    assert.equal(models.length, 1);
    const { id, object, created, owned_by } = models[0] as (typeof models)[number];
    assert.deepEqual([id, object, owned_by], [MODEL, 'model', 'sentence-transformers']);
    assert.ok(Math.abs(created - Date.now() / 1000) < 600);
  });

  test('the one that is served is found by each of its names', async () => {
    assert.equal((await client.models.retrieve(MODEL)).id, MODEL);
    assert.equal((await client.models.retrieve('all-MiniLM-L6-v2')).id, MODEL);
    const plain = await fetch(`${origin}/v1/models/${MODEL}`); // the slash in the name is not escaped
    assert.deepEqual([plain.status, ((await plain.json()) as { id: string }).id], [200, MODEL]);
    await assert.rejects(client.models.retrieve('gpt-4'), NotFoundError);
  });
});

describe("errors are in OpenAI's shape", () => {
  test('another model is 404 model_not_found', async () => {
    const call = client.embeddings.create({ model: 'text-embedding-3-small', input: 'a' });
    const error = (await call.catch((fault) => fault)) as APIError;
    assert.ok(error instanceof NotFoundError);
    const { code, type, param } = error;
    assert.deepEqual([code, type, param], ['model_not_found', 'invalid_request_error', 'model']);
    assert.match(error.message, /'text-embedding-3-small' does not exist/);
  });

  const bad: Readonly<Record<string, [body: unknown, param: string | null]>> = {
    'no input': [{ model: MODEL }, 'input'],
    'null as input': [{ model: MODEL, input: null }, 'input'],
    'an empty list': [{ model: MODEL, input: [] }, 'input'],
    'an empty text': [{ model: MODEL, input: '' }, 'input'],
    'an empty text in a list': [{ model: MODEL, input: ['a', ''] }, 'input'],
    'an empty list of ids': [{ model: MODEL, input: [[]] }, 'input'],
    'a number': [{ model: MODEL, input: 5 }, 'input'],
    'an object': [{ model: MODEL, input: { text: 'a' } }, 'input'],
    'texts and ids': [{ model: MODEL, input: ['a', 5] }, 'input'],
    'a fraction as an id': [{ model: MODEL, input: [1.5] }, 'input'],
    'a negative id': [{ model: MODEL, input: [[-1]] }, 'input'],
    'an id that the model does not have': [{ model: MODEL, input: [30_522] }, 'input'],
    'too many texts': [{ model: MODEL, input: Array.from({ length: 2049 }, (_, at) => `${at}`) }, 'input'],
    'no model': [{ input: 'a' }, 'model'],
    'an odd format': [{ model: MODEL, input: 'a', encoding_format: 'hex' }, 'encoding_format'],
    'no dimensions': [{ model: MODEL, input: 'a', dimensions: 0 }, 'dimensions'],
    'a fraction of dimensions': [{ model: MODEL, input: 'a', dimensions: 1.5 }, 'dimensions'],
    'more dimensions than there are': [{ model: MODEL, input: 'a', dimensions: 385 }, 'dimensions'],
    'no object': [[1], null],
    'no body': ['', null],
  };
  for (const [name, [body, param]] of Object.entries(bad)) {
    test(`${name} is 400`, async () => {
      const headers = { 'content-type': 'application/json' };
      const { status, json } = await raw(typeof body === 'string' ? body : JSON.stringify(body), headers);
      assert.equal(status, 400);
      const { message, ...rest } = json.error;
      assert.deepEqual(rest, { type: 'invalid_request_error', param, code: null });
      assert.match(message, /\w/);
    });
  }

  test('malformed JSON, another content type, invalid UTF-8 and a fault in a large body are 400', async () => {
    const large = JSON.stringify({ model: MODEL, input: ['x'.repeat(100_000), 7] });
    const bodies: [string | Buffer, string][] = [
      ['{"model": ', 'application/json'],
      ['{"model": "a", "input": "b"}', 'text/plain'],
      [Buffer.from([0x7b, 0xff, 0x7d]), 'application/json'],
      [large, 'application/json'],
    ];
    for (const [body, type] of bodies) {
      const { status, json } = await raw(body, { 'content-type': type });
      assert.deepEqual([status, json.error.type], [400, 'invalid_request_error']);
      assert.ok(json.error.param === null || json.error.param === 'input', `${json.error.param} is a name or null`);
    }
  });

  test('the client raises its own errors: 400, 401, 413, 429', async () => {
    const bad400 = await client.embeddings.create({ model: MODEL, input: [] }).catch((fault) => fault);
    assert.ok(bad400 instanceof BadRequestError);
    const limits = { API_KEY: 'secret', MAX_TEXT_BYTES: '100', QUEUE_TOKENS: '10' };
    const guarded = await startService(limits);
    const address = await guarded.app.listen({ port: 0 });
    const refused = await clientOf(address, 'wrong')
      .models.list()
      .catch((fault) => fault);
    assert.ok(refused instanceof AuthenticationError);
    assert.equal(refused.code, 'invalid_api_key');
    const keyed = clientOf(address, 'secret');
    const large = (await keyed.embeddings
      .create({ model: MODEL, input: 'x'.repeat(101) })
      .catch((fault) => fault)) as APIError;
    assert.deepEqual([large instanceof APIError, large.status], [true, 413]);
    const calls = Array.from({ length: 30 }, (_, at) => keyed.embeddings.create({ model: MODEL, input: `text ${at}` }));
    const outcomes = await Promise.allSettled(calls);
    const busy = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
    assert.ok(busy.length > 0 && busy.length < 30);
    for (const error of busy) {
      assert.ok(error instanceof RateLimitError);
      assert.ok(Number(error.headers.get('retry-after')) >= 1);
    }
  });
});
