/** POST /index, GET and DELETE /index/{doc_id}, POST /search, over the real model. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'vitest';
import { send, startService } from '../support/service.ts';

const service = await startService();
const index = (id: string, text: string, metadata?: unknown) => send(service, 'POST', '/index', { id, text, metadata });
const search = async (query: string, options: object = {}) =>
  (await send(service, 'POST', '/search', { query, ...options })).json;
const documents = async () => (await send(service, 'GET', '/stats')).json.index.documents;
const raw = (body: string) => send(service, 'POST', '/index', body, { 'content-type': 'application/json' });

test('the walk-through finds Python first', async () => {
  await index('python', 'Python is a programming language', { year: 1991 });
  await index('erlang', 'Erlang is great for concurrent systems');
  await index('ml', 'Machine learning uses neural networks');
  const hits = await search('programming languages', { threshold: 0.1 });
  assert.equal(hits[0].id, 'python');
  assert.deepEqual(Object.keys(hits[0]), ['id', 'text', 'score', 'metadata']);
  assert.deepEqual(hits[0].metadata, { year: 1991 });
  assert.equal(hits[0].text, 'Python is a programming language');
  const scores = hits.map((hit: { score: number }) => hit.score);
  assert.deepEqual(
    scores,
    scores.toSorted((a: number, b: number) => b - a),
  );
  for (const id of ['python', 'erlang', 'ml']) await send(service, 'DELETE', `/index/${id}`);
  assert.equal(await documents(), 0);
});

describe('POST /index', () => {
  test('a known id replaces the document; the count stays exact', async () => {
    await index('one', 'the first text', { version: 1 });
    const answer = await index('one', 'quite another matter', { version: 2 });
    assert.deepEqual(answer.json, { indexed: 'one' });
    assert.equal(await documents(), 1);
    const [hit] = await search('quite another matter');
    assert.deepEqual([hit.id, hit.metadata], ['one', { version: 2 }]);
    assert.deepEqual(await search('the first text', { threshold: 0.9 }), []);
    await send(service, 'DELETE', '/index/one');
  });

  test('metadata comes back as it was given', async () => {
    const metadata =
      '{"z": 1, "10": "ten", "2": "two", "big": 12345678901234567890123, "float": 1.10, "n": {"b": [1, {"a": null}], "a": ""}, "u": "\\u00e9\\ud83d"}';
    assert.equal((await raw(`{"id": "m", "metadata": ${metadata}, "text": "with metadata"}`)).status, 200);
    const { text } = await send(service, 'GET', '/index/m');
    assert.equal(text, `{"id":"m","text":"with metadata","metadata":${metadata}}`);
    const found = await send(service, 'POST', '/search', { query: 'with metadata' });
    assert.ok(found.text.includes(`"metadata":${metadata}`));
    await send(service, 'DELETE', '/index/m');
  });

  test('absent and null metadata come back as {}', async () => {
    await index('absent', 'no metadata');
    await raw('{"id": "null", "text": "null metadata", "metadata": null}');
    for (const id of ['absent', 'null']) {
      assert.deepEqual((await send(service, 'GET', `/index/${id}`)).json.metadata, {});
      await send(service, 'DELETE', `/index/${id}`);
    }
  });

  test('metadata over MAX_METADATA_BYTES is 413 and stores nothing', async () => {
    const small = await startService({ MAX_METADATA_BYTES: '20' });
    const add = (value: string) => send(small, 'POST', '/index', { id: 'a', text: 'b', metadata: { k: value } });
    assert.equal((await add('x'.repeat(12))).status, 200);
    const { status, json } = await add('x'.repeat(13));
    assert.equal(status, 413);
    assert.match(json.detail, /MAX_METADATA_BYTES/);
    assert.equal((await send(small, 'GET', '/index/a')).json.metadata.k.length, 12);
    assert.equal((await add('é'.repeat(6))).status, 200);
    assert.equal((await add('é'.repeat(7))).status, 413, 'bytes, not characters');
  });

  test('ids: at most 512 bytes of UTF-8, never empty', async () => {
    assert.equal((await index('é'.repeat(256), 'long id')).status, 200);
    assert.equal((await send(service, 'DELETE', `/index/${encodeURIComponent('é'.repeat(256))}`)).status, 200);
    const long = await index('é'.repeat(257), 'too long');
    assert.deepEqual(
      [long.status, long.json.detail[0].type, long.json.detail[0].loc],
      [422, 'string_too_long', ['body', 'id']],
    );
    const empty = await index('', 'no id');
    assert.deepEqual([empty.status, empty.json.detail[0].type], [422, 'string_too_short']);
    assert.equal(await documents(), 0);
  });

  test('ids with slashes, percent signs, Unicode and controls are found, read and deleted', async () => {
    const ids = ['a/b', '100%', '%2F', 'é漢😀', 'a b?c#d', 'NUL\u0000', '\\', '"', 'bulk', '__proto__', '/', 'a//b/'];
    for (const id of ids) assert.deepEqual((await index(id, `document ${id}`)).json, { indexed: id });
    assert.equal(await documents(), ids.length);
    for (const id of ids) {
      const path = `/index/${encodeURIComponent(id)}`;
      assert.equal((await send(service, 'GET', path)).json?.id, id, path);
      assert.deepEqual((await send(service, 'DELETE', path)).json, { deleted: id });
      assert.deepEqual((await send(service, 'DELETE', path)).json, { detail: 'Document not found' });
    }
    assert.equal(await documents(), 0);
  });

  test('many writers of few ids: the count is exact and each document is whole', async () => {
    const writes = Array.from({ length: 120 }, (_, at) => index(`w${at % 6}`, `text ${at}`, { at }));
    for (const { status } of await Promise.all(writes)) assert.equal(status, 200);
    assert.equal(await documents(), 6);
    for (let id = 0; id < 6; id += 1) {
      const { text, metadata } = (await send(service, 'GET', `/index/w${id}`)).json;
      assert.equal(text, `text ${metadata.at}`);
      const hits = await search(text, { threshold: 0.99, top_k: 100 });
      assert.equal(hits.filter((hit: { id: string }) => hit.id === `w${id}`).length, 1);
      await send(service, 'DELETE', `/index/w${id}`);
    }
  });

  test('searches beside writers find every document once, in its old or its new version', async () => {
    const ids = ['x', 'y', 'z'];
    for (const id of ids) await index(id, `${id} version 0`, { version: 0 });
    let writing = true;
    const writer = (async () => {
      for (let version = 1; version <= 40; version += 1) {
        for (const id of ids) await index(id, `${id} version ${version}`, { version });
      }
      writing = false;
    })();
    while (writing) {
      const hits = await search('version', { threshold: -1, top_k: 50 });
      assert.deepEqual(hits.map((hit: { id: string }) => hit.id).toSorted(), ids);
      for (const { id, text, metadata } of hits) assert.equal(text, `${id} version ${metadata.version}`);
    }
    await writer;
    for (const id of ids) await send(service, 'DELETE', `/index/${id}`);
  });
});

describe('POST /search', () => {
  test('top_k bounds the hits, threshold their scores', async () => {
    for (let at = 0; at < 12; at += 1) await index(`d${at}`, `a note about cats, number ${at}`);
    assert.equal((await search('cats', { threshold: -1 })).length, 10, 'the default top_k');
    assert.equal((await search('cats', { threshold: -1, top_k: 3 })).length, 3);
    assert.equal((await search('cats', { threshold: -1, top_k: 100 })).length, 12);
    assert.equal((await search('cats', { threshold: -1, top_k: 1e18 })).length, 12);
    assert.deepEqual(await search('cats', { threshold: -1, top_k: 0 }), []);
    assert.deepEqual(await search('cats', { threshold: -1, top_k: -5 }), []);
    assert.deepEqual(await search('cats', { threshold: 1.5 }), []);
    const all = await search('cats', { threshold: -1, top_k: 100 });
    const fifth = all[4].score;
    const atLeast = await search('cats', { threshold: fifth, top_k: 100 });
    assert.deepEqual(
      atLeast,
      all.filter((hit: { score: number }) => hit.score >= fifth),
      'a score is its own threshold',
    );
    assert.deepEqual(
      (await search('quantum chromodynamics')).map((hit: { id: string }) => hit.id),
      [],
      'the default threshold is 0.5',
    );
    for (let at = 0; at < 12; at += 1) await send(service, 'DELETE', `/index/d${at}`);
  });

  test('a top_k above MAX_TOP_K is taken as MAX_TOP_K', async () => {
    const small = await startService({ MAX_TOP_K: '2' });
    for (const id of ['a', 'b', 'c']) await send(small, 'POST', '/index', { id, text: `text ${id}` });
    assert.equal((await send(small, 'POST', '/search', { query: 'text', threshold: -1, top_k: 3 })).json.length, 2);
  });

  test('equal scores: the oldest current version first', async () => {
    for (const id of ['c', 'a', 'b']) await index(id, 'the same text');
    const order = async () => (await search('the same text')).map((hit: { id: string }) => hit.id);
    assert.deepEqual(await order(), ['c', 'a', 'b']);
    await index('c', 'the same text');
    assert.deepEqual(await order(), ['a', 'b', 'c'], 'replacing makes it younger');
    const [{ score }] = await search('the same text', { top_k: 1 });
    assert.ok(score <= 1 && score > 0.999999);
    for (const id of ['a', 'b', 'c']) await send(service, 'DELETE', `/index/${id}`);
  });

  test('an empty index finds nothing; an empty query is a query', async () => {
    assert.deepEqual(await search('anything', { threshold: -1 }), []);
    assert.deepEqual(await search('', { threshold: -1 }), []);
  });
});

test('an unknown document is 404', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'cosimo-search-'));
  const stored = await startService({ DATA_DIR: dir });
  for (const id of ['nobody', 'x'.repeat(513), 'x'.repeat(5000), 'é'.repeat(300)]) {
    for (const method of ['GET', 'DELETE']) {
      for (const where of [service, stored]) {
        const { status, json } = await send(where, method, `/index/${encodeURIComponent(id)}`);
        assert.deepEqual([status, json], [404, { detail: 'Document not found' }], `${method}, ${id.length} characters`);
      }
    }
  }
  await stored.close();
  rmSync(dir, { recursive: true });
});

test('answers that wait to be read are bounded: 429, and the next one passes', async () => {
  const small = await startService({ ANSWER_BYTES: '10000' });
  for (const id of ['a', 'b', 'c']) await send(small, 'POST', '/index', { id, text: `${id} ${'long '.repeat(300)}` });
  const find = (top_k: number) => send(small, 'POST', '/search', { query: 'long', threshold: -1, top_k });
  assert.equal((await find(2)).json.length, 2);
  const refused = await find(3);
  assert.deepEqual([refused.status, /top_k/.test(refused.json.detail)], [429, true]);
  assert.ok(Number(refused.headers['retry-after']) >= 1);
  assert.equal((await find(2)).json.length, 2, 'what was taken is given back');
});
