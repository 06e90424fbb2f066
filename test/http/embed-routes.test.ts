/** POST /embed and /embed/batch: vectors, cached counts, limits, counters. */
import assert from 'node:assert/strict';
import { describe, test } from 'vitest';
import { metric } from '../support/metrics.ts';
import { send, startService } from '../support/service.ts';

const service = await startService();
const post = (path: string, body: unknown) => send(service, 'POST', path, body);
const stats = async () => (await send(service, 'GET', '/stats')).json;

let unique = 0;
/** A text that no test has used. */
const fresh = (about: string) => `${about} ${unique++}`;

function cosine(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, at) => sum + value * (b[at] as number), 0);
}

describe('POST /embed', () => {
  test('one unit vector of 384 floats a text, in order', async () => {
    const texts = ['A man is eating food.', 'The stock market fell.', 'Someone has a meal.'];
    const { status, json } = await post('/embed', { texts });
    assert.equal(status, 200);
    assert.deepEqual(Object.keys(json), ['embeddings', 'dimensions', 'cached_count']);
    assert.equal(json.dimensions, 384);
    const [eating, market, meal] = json.embeddings;
    for (const vector of json.embeddings) {
      assert.equal(vector.length, 384);
      assert.ok(Math.abs(cosine(vector, vector) - 1) < 1e-6);
    }
    assert.ok(cosine(eating, meal) > 0.6);
    assert.ok(cosine(eating, market) < 0.2);
  });

  test('no texts: no embeddings, no dimensions', async () => {
    assert.deepEqual((await post('/embed', { texts: [] })).json, { embeddings: [], dimensions: 0, cached_count: 0 });
    assert.deepEqual((await post('/embed/batch', { texts: [] })).json, { embeddings: [], dimensions: 0 });
  });

  test('floats are written in the shortest form that reads back to the same float32', async () => {
    const { text } = await post('/embed', { texts: ['round trip'] });
    const written = /\[\[(.*)\]\]/.exec(text)?.[1]?.split(',') ?? [];
    assert.equal(written.length, 384);
    for (const digits of written) {
      const value = Math.fround(Number(digits));
      const fewer = Number(digits).toPrecision(Math.max(1, significantDigits(digits) - 1));
      assert.notEqual(Math.fround(Number(fewer)), value, `${digits} could be shorter`);
    }
    const doubles = written.filter((digits) => significantDigits(digits) > 9);
    assert.deepEqual(doubles, [], 'nine digits tell every float32 from its neighbors');
  });

  test('a text that was embedded before counts as cached and has the same vector', async () => {
    const text = fresh('cached');
    const first = (await post('/embed', { texts: [text] })).json;
    const second = (await post('/embed', { texts: [text, fresh('other')] })).json;
    assert.equal(first.cached_count, 0);
    assert.equal(second.cached_count, 1);
    assert.deepEqual(second.embeddings[0], first.embeddings[0]);
  });

  test('repeats within a request count as cached', async () => {
    const text = fresh('repeat');
    const { json } = await post('/embed', { texts: [text, fresh('x'), text, text] });
    assert.equal(json.cached_count, 2);
    assert.deepEqual(json.embeddings[2], json.embeddings[0]);
  });

  test('cache: false neither reads nor writes', async () => {
    const text = fresh('uncached');
    const before = (await stats()).cache;
    assert.equal((await post('/embed', { texts: [text], cache: false })).json.cached_count, 0);
    assert.equal((await post('/embed', { texts: [text], cache: false })).json.cached_count, 0);
    assert.equal((await post('/embed', { texts: [text, text], cache: false })).json.cached_count, 0, 'repeats too');
    const { hits, misses } = (await stats()).cache;
    assert.deepEqual({ hits, misses }, { hits: before.hits, misses: before.misses });
    assert.equal((await post('/embed', { texts: [text] })).json.cached_count, 0, 'the earlier calls wrote nothing');
    assert.equal(
      (await post('/embed', { texts: [text], cache: false })).json.cached_count,
      0,
      'what is cached now is not read',
    );
  });

  test('keys are whole texts: NUL, blanks and case tell them apart', async () => {
    const text = fresh('Key');
    await post('/embed', { texts: [text] });
    const others = [`${text}\u0000`, `${text} `, text.toUpperCase(), `${text}\u0000b`];
    assert.equal((await post('/embed', { texts: others })).json.cached_count, 0);
    assert.equal((await post('/embed', { texts: others })).json.cached_count, 4);
  });

  test('a lone surrogate is taken as U+FFFD', async () => {
    const mark = fresh('surrogate');
    await post('/embed', { texts: [`\ufffd${mark}`] });
    const answer = await send(service, 'POST', '/embed', `{"texts": ["\\ud83d${mark}"]}`, {
      'content-type': 'application/json',
    });
    assert.equal(answer.json.cached_count, 1);
  });

  test('one text at once from many clients is encoded once', async () => {
    const text = fresh('stampede');
    const before = (await send(service, 'GET', '/metrics')).text;
    const answers = await Promise.all(Array.from({ length: 20 }, () => post('/embed', { texts: [text] })));
    for (const { json } of answers) assert.deepEqual(json.embeddings, answers[0]?.json.embeddings);
    const after = (await send(service, 'GET', '/metrics')).text;
    assert.equal(metric(after, 'cosimo_batch_texts_sum') - metric(before, 'cosimo_batch_texts_sum'), 1);
  });

  test('a vector does not depend on what it was batched with', async () => {
    const text = fresh('neighbors');
    const alone = (await post('/embed', { texts: [text], cache: false })).json.embeddings[0];
    const others = Array.from({ length: 40 }, (_, at) => `${'word '.repeat(at * 5)}${at}`);
    const batched = (await post('/embed', { texts: [...others, text], cache: false })).json.embeddings[40];
    assert.ok(cosine(alone, batched) > 0.999999);
  });
});

describe('limits', () => {
  test('100 texts pass, 101 do not; the endpoints word it each in its way', async () => {
    const texts = Array.from({ length: 101 }, (_, at) => `limit ${at}`);
    const before = await stats();
    const embed = await post('/embed', { texts });
    const batch = await post('/embed/batch', { texts });
    assert.deepEqual([embed.status, embed.json], [400, { detail: 'Maximum batch size is 100' }]);
    assert.deepEqual([batch.status, batch.json], [400, { detail: 'Batch too large' }]);
    assert.deepEqual(await stats(), before, 'a refused request changes nothing');
    const full = await post('/embed/batch', { texts: texts.slice(1) });
    assert.equal(full.json.embeddings.length, 100);
    assert.deepEqual(Object.keys(full.json), ['embeddings', 'dimensions']);
  });

  test('a text over MAX_TEXT_BYTES is 413, counted in UTF-8', async () => {
    const small = await startService({ MAX_TEXT_BYTES: '30' });
    const embed = (text: string) => send(small, 'POST', '/embed', { texts: ['short', text] });
    assert.equal((await embed('x'.repeat(30))).status, 200);
    assert.equal((await embed('x'.repeat(31))).status, 413);
    assert.equal((await embed('é'.repeat(15))).status, 200);
    const { status, json } = await embed('é'.repeat(16));
    assert.equal(status, 413);
    assert.match(json.detail, /30 bytes.*MAX_TEXT_BYTES/);
    assert.equal((await send(small, 'POST', '/search', { query: 'x'.repeat(31) })).status, 413);
    assert.equal((await send(small, 'POST', '/index', { id: 'a', text: 'x'.repeat(31) })).status, 413);
    assert.equal((await send(small, 'GET', '/stats')).json.index.documents, 0);
  });

  test('a body over MAX_BODY_BYTES is 413', async () => {
    const small = await startService({ MAX_BODY_BYTES: '200' });
    const embed = (text: string) => send(small, 'POST', '/embed', { texts: [text] });
    assert.equal((await embed('x'.repeat(100))).status, 200);
    const { status, json } = await embed('x'.repeat(200));
    assert.equal(status, 413);
    assert.match(json.detail, /MAX_BODY_BYTES/);
  });

  test('MAX_BATCH_SIZE is in the sentence', async () => {
    const small = await startService({ MAX_BATCH_SIZE: '2' });
    assert.deepEqual((await send(small, 'POST', '/embed', { texts: ['a', 'b', 'c'] })).json, {
      detail: 'Maximum batch size is 2',
    });
  });

  test('a text of a megabyte is embedded as its beginning', async () => {
    const { status, json } = await post('/embed', { texts: ['word '.repeat(200_000), 'word '.repeat(300)] });
    assert.equal(status, 200);
    assert.ok(cosine(json.embeddings[0], json.embeddings[1]) > 0.999999);
  });
});

test('counters: accepted requests by endpoint, hits and misses of the cache', async () => {
  const own = await startService();
  const call = (path: string, body: unknown) => send(own, 'POST', path, body);
  await call('/embed', { texts: ['a', 'b'] }); // 2 misses
  await call('/embed', { texts: ['a', 'a', 'c'] }); // 2 hits, 1 miss
  await call('/embed/batch', { texts: ['b'] }); // 1 hit
  await call('/index', { id: '1', text: 'c' }); // 1 hit
  await call('/search', { query: 'd' }); // 1 miss
  await call('/embed', { texts: 'a' }); // refused
  await call('/search', {}); // refused
  await send(own, 'DELETE', '/index/2'); // no counter
  const { model, requests, cache, index } = (await send(own, 'GET', '/stats')).json;
  assert.equal(model, 'all-MiniLM-L6-v2');
  assert.deepEqual(requests, { embed: 2, batch: 1, search: 1, index: 1 });
  assert.deepEqual([cache.hits, cache.misses, cache.hit_rate], [4, 4, 0.5]);
  assert.equal(index.documents, 1);
  const empty = (await send(await startService(), 'GET', '/stats')).json.cache;
  assert.deepEqual([empty.hits, empty.misses, empty.hit_rate], [0, 0, 0]);
});

/** Counts the significant digits of a number, without its exponent. */
function significantDigits(written: string): number {
  return written.replace(/e.*$/, '').replace(/[-.]/g, '').replace(/^0+/, '').length;
}
