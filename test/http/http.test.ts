/** What every route shares: documentation, metrics, and JSON that comes back as it was written. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, test } from 'vitest';
import { findJsonFault } from '../../src/http/body/json-fault.ts';
import { elementSources, memberSources } from '../../src/http/body/json-source.ts';
import { normalizeTarget } from '../../src/http/request-target.ts';
import { native } from '../../src/native/binding.ts';
import { send, startService } from '../support/service.ts';

const service = await startService();

describe('documentation', () => {
  test('/openapi.json describes every call of the contract', async () => {
    const { status, json } = await send(service, 'GET', '/openapi.json');
    assert.equal(status, 200);
    assert.match(json.openapi, /^3\.1\./);
    const calls = Object.entries(json.paths).flatMap(([path, methods]) =>
      Object.keys(methods as object).map((method) => `${method} ${path}`),
    );
    assert.deepEqual(calls.toSorted(), [
      'delete /index/{doc_id}',
      'get /health',
      'get /health/live',
      'get /health/ready',
      'get /index/{doc_id}',
      'get /metrics',
      'get /stats',
      'get /v1/models',
      'get /v1/models/{model}',
      'get /v1/models/{organization}/{model}',
      'post /embed',
      'post /embed/batch',
      'post /index',
      'post /search',
      'post /v1/embeddings',
    ]);
    const embed = json.paths['/embed'].post;
    const schema = embed.requestBody.content['application/json'].schema;
    const resolved = schema.$ref ? json.components.schemas[schema.$ref.split('/').at(-1)] : schema;
    assert.deepEqual(resolved.required, ['texts']);
    assert.ok('507' in json.paths['/index'].post.responses);
    assert.deepEqual(Object.keys(embed.responses).toSorted(), ['200', '400', '413', '422', '429', '500', '503']);
  });

  test('/docs is a page, with its scripts', async () => {
    const page = await send(service, 'GET', '/docs');
    assert.equal(page.status, 200);
    assert.match(page.text, /swagger-ui/);
    const [, script] = /src="([^"]*swagger-ui-bundle\.js)"/.exec(page.text) ?? [];
    assert.ok(script !== undefined && !/^https?:/.test(script), 'served from here');
    assert.equal((await send(service, 'GET', new URL(script, 'http://localhost/docs/').pathname)).status, 200);
  });
});

describe('/metrics', () => {
  test('the index counts for itself: what searches read, and by which codes', async () => {
    for (const codes of ['planes', 'bytes'] as const) {
      const fresh = await startService({ SEARCH_CODES: codes });
      for (let at = 0; at < 16; at += 1) await send(fresh, 'POST', '/index', { id: `${at}`, text: `text ${at}` });
      for (let at = 0; at < 3; at += 1) await send(fresh, 'POST', '/search', { query: 'text', threshold: -1 });
      for (const scrape of [1, 2]) {
        const { text } = await send(fresh, 'GET', '/metrics');
        const [planes, bytes] = codes === 'planes' ? [1, 0] : [0, 1];
        const counted = [
          `cosimo_index_bounded_rows_total{codes="planes"} ${planes * 48}`,
          `cosimo_index_bounded_rows_total{codes="bytes"} ${bytes * 48}`,
          `cosimo_index_plane_rows_passed_total ${planes * 48}`,
          `cosimo_index_scan{codes="planes"} ${planes}`,
          `cosimo_index_scan{codes="bytes"} ${bytes}`,
          'cosimo_index_searches_total 3',
          'cosimo_index_scans_total 3',
        ];
        for (const line of counted) assert.ok(text.includes(`\n${line}\n`), `${line}, scrape ${scrape}`);
      }
    }
  });

  test('every series is there from the start', async () => {
    const fresh = await startService();
    const { status, text, headers } = await send(fresh, 'GET', '/metrics');
    assert.equal(status, 200);
    assert.match(String(headers['content-type']), /^text\/plain/);
    const series = [
      ...[
        'cosimo_ready 1',
        'cosimo_index_documents 0',
        'cosimo_cache_entries 0',
        'cosimo_queue_texts 0',
        'cosimo_queue_tokens 0',
        'cosimo_queue_text_bytes 0',
      ],
      ...['cosimo_index_memory_bytes ', 'cosimo_cache_memory_bytes '],
      ...['row_bytes', 'dead_rows'].map((name) => `cosimo_index_${name} 0`),
      ...['moved_rows', 'searches', 'scans', 'plane_rows_passed', 'scored_rows'].map(
        (name) => `cosimo_index_${name}_total 0`,
      ),
      ...['planes', 'bytes'].map((codes) => `cosimo_index_bounded_rows_total{codes="${codes}"} 0`),
      'cosimo_index_scan{codes="planes"} 1',
      'cosimo_index_scan{codes="bytes"} 0',
      ...['queue', 'tokenize', 'inference', 'scan', 'store'].map(
        (stage) => `cosimo_stage_duration_seconds_count{stage="${stage}"} 0`,
      ),
      ...['hit', 'miss'].map((outcome) => `cosimo_cache_lookups_total{outcome="${outcome}"} 0`),
      ...['text', 'padding'].map((kind) => `cosimo_tokens_total{kind="${kind}"} 0`),
      ...[
        '/v1/embeddings',
        '/v1/models',
        '/embed',
        '/embed/batch',
        '/index',
        '/index/:doc_id',
        '/search',
        '/stats',
        '/health',
      ].map((route) => `cosimo_http_requests_total{route="${route}",status="200"} 0`),
      'cosimo_batch_texts_count 0',
      'cosimo_truncated_texts_total 0',
      'cosimo_encoder_restarts_total 0',
      'nodejs_eventloop_lag_p99_seconds ',
      'process_resident_memory_bytes ',
    ];
    for (const line of series) assert.ok(text.includes(`\n${line}`), line);
  });

  test('what happens is counted', async () => {
    const fresh = await startService();
    await send(fresh, 'POST', '/embed', { texts: ['one', 'two'] });
    await send(fresh, 'POST', '/embed', { texts: ['one'] });
    await send(fresh, 'POST', '/embed', {});
    await send(fresh, 'POST', '/index', { id: 'a', text: 'one' });
    await send(fresh, 'POST', '/search', { query: 'two' });
    await send(fresh, 'GET', '/nope');
    const { text } = await send(fresh, 'GET', '/metrics');
    const counted = [
      'cosimo_http_requests_total{route="/embed",status="200"} 2',
      'cosimo_http_requests_total{route="/embed",status="422"} 1',
      'cosimo_http_requests_total{route="unknown",status="404"} 1',
      'cosimo_http_request_duration_seconds_count{route="/embed"} 3',
      'cosimo_cache_lookups_total{outcome="hit"} 3',
      'cosimo_cache_lookups_total{outcome="miss"} 2',
      'cosimo_stage_duration_seconds_count{stage="inference"} 1',
      'cosimo_stage_duration_seconds_count{stage="queue"} 2',
      'cosimo_stage_duration_seconds_count{stage="scan"} 1',
      'cosimo_stage_duration_seconds_count{stage="store"} 1',
      'cosimo_tokens_total{kind="text"} 6',
      'cosimo_index_documents 1',
      `cosimo_index_row_bytes ${384 * 4}`,
      'cosimo_index_searches_total 1',
      'cosimo_index_scans_total 1',
      'cosimo_index_scored_rows_total 1',
      'cosimo_cache_entries 2',
    ];
    for (const line of counted)
      assert.ok(text.includes(`\n${line}\n`), `${line}\n${text.match(/cosimo_\w+.*/g)?.join('\n')}`);
  });
});

test('/stats tells of the index: its memory, its rows, and what searches read', async () => {
  const fresh = await startService({ SEARCH_CODES: 'planes' });
  const index = async () => (await send(fresh, 'GET', '/stats')).json.index;
  const empty = {
    documents: 0,
    row_bytes: 0,
    dead_rows: 0,
    kernel: native.kernel,
    scan: 'planes',
    plane_pass_share: 0,
  };
  const { memory_bytes: before, ...rest } = await index();
  assert.deepEqual(rest, empty);
  const documents = 20; // 16 make a block with codes
  for (let at = 0; at < documents; at += 1) await send(fresh, 'POST', '/index', { id: `${at}`, text: `text ${at}` });
  await send(fresh, 'POST', '/search', { query: 'text', threshold: -1 });
  const { memory_bytes: after, ...full } = await index();
  assert.deepEqual(full, { ...empty, documents, row_bytes: documents * 384 * 4, plane_pass_share: 1 });
  assert.ok(after > before + full.row_bytes);
  await send(fresh, 'POST', '/search', { query: 'text', threshold: 2 });
  assert.equal((await index()).plane_pass_share, 0.5);
});

describe('JSON as it was written', () => {
  test('the sources of members and elements are what JSON.parse reads', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), fc.constantFrom(0, 1, 3), (text, indent) => {
        const value = JSON.parse(text);
        const source = JSON.stringify(value, null, indent);
        if (Array.isArray(value))
          assert.deepEqual(
            elementSources(source).map((part) => JSON.parse(part)),
            value,
          );
        else if (value !== null && typeof value === 'object') {
          const members = Object.fromEntries([...memberSources(source)].map(([key, part]) => [key, JSON.parse(part)]));
          assert.deepEqual(members, { ...value });
        }
      }),
    );
  });

  test('valid JSON has no fault, and whatever JSON.parse refuses has one or is NaN or Infinity', () => {
    const mutated = fc
      .tuple(fc.json({ maxDepth: 3 }), fc.nat(), fc.constantFrom('', ',', '"', '\\', '}', '[', '0', '\u0001', ' '))
      .map(
        ([text, at, piece]) => text.slice(0, at % (text.length + 1)) + piece + text.slice((at % (text.length + 1)) + 1),
      );
    fc.assert(
      fc.property(fc.oneof(fc.json(), mutated, fc.string()), (text) => {
        const fault = findJsonFault(text);
        try {
          JSON.parse(text);
          assert.equal(fault, undefined);
        } catch {
          assert.ok(fault !== undefined || /NaN|Infinity/.test(text), text);
          assert.ok((fault?.offset ?? 0) <= text.length);
        }
      }),
      { numRuns: 2000 },
    );
  });

  test('every request target becomes one that the router can decode', () => {
    fc.assert(
      fc.property(fc.webPath(), fc.string(), (path, tail) => {
        const target = normalizeTarget(`/${path}${tail}`);
        assert.doesNotThrow(() => decodeURIComponent(target.split('?')[0] as string));
      }),
    );
    assert.equal(normalizeTarget('/index/a%2Fb/?x=%zz'), '/index/a%2Fb?x=%zz');
    assert.equal(normalizeTarget('//'), '/');
  });
});
