/** GET /metrics and /stats: every number exists from the start and counts correctly. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'vitest';
import { native } from '../../src/native/binding.ts';
import { send, startService } from '../support/service.ts';

/** The names in the table of metrics in docs/operations.md. */
function documentedMetrics(): string[] {
  const page = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');
  const section = page.split('\n## Metrics\n')[1]?.split('\n## ')[0] ?? '';
  const cells = [...section.matchAll(/^\| (`cosimo_[^|]*`) \|/gm)].map(([, cell = '']) => cell);
  return cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name));
}

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
          'cosimo_index_bounded_rows_total{codes="rotated"} 0',
          `cosimo_index_plane_rows_passed_total ${planes * 48}`,
          `cosimo_index_scan{codes="planes"} ${planes}`,
          `cosimo_index_scan{codes="bytes"} ${bytes}`,
          'cosimo_index_scan{codes="rotated"} 0',
          'cosimo_index_searches_total 3',
          'cosimo_index_scans_total 3',
        ];
        for (const line of counted) assert.ok(text.includes(`\n${line}\n`), `${line}, scrape ${scrape}`);
      }
    }
  });

  test('every metric of docs/operations.md has a series from the start, and there is no other', async () => {
    const { text } = await send(await startService(), 'GET', '/metrics');
    const documented = documentedMetrics();
    for (const name of documented) assert.match(text, new RegExp(`^${name}(?:_count)?(?:\\{.*\\})? \\d`, 'm'));
    const declared = [...text.matchAll(/^# TYPE (cosimo_\w+) /gm)].map(([, name]) => name);
    assert.deepEqual(documented.toSorted(), declared.toSorted());
  });

  test('series count from 0 from the start, with every label that is known before', async () => {
    const fresh = await startService();
    const { status, text, headers } = await send(fresh, 'GET', '/metrics');
    assert.equal(status, 200);
    assert.match(String(headers['content-type']), /^text\/plain/);
    const routes = [
      '/v1/embeddings',
      '/v1/models',
      '/embed',
      '/embed/batch',
      '/index',
      '/index/:doc_id',
      '/search',
      '/stats',
      '/health',
    ];
    const stages = ['queue', 'tokenize', 'inference', 'scan', 'store'];
    const series = [
      'cosimo_ready 1',
      'cosimo_index_documents 0',
      'cosimo_cache_entries 0',
      'cosimo_queue_texts 0',
      'cosimo_queue_tokens 0',
      'cosimo_queue_text_bytes 0',
      'cosimo_index_memory_bytes ',
      'cosimo_cache_memory_bytes ',
      'cosimo_encoder_memory_bytes ',
      'cosimo_index_row_bytes 0',
      'cosimo_index_dead_rows 0',
      'cosimo_index_moved_rows_total 0',
      'cosimo_index_searches_total 0',
      'cosimo_index_scans_total 0',
      'cosimo_index_plane_rows_passed_total 0',
      'cosimo_index_scored_rows_total 0',
      'cosimo_index_read_bytes_total 0',
      'cosimo_index_bounded_rows_total{codes="planes"} 0',
      'cosimo_index_bounded_rows_total{codes="bytes"} 0',
      'cosimo_index_bounded_rows_total{codes="rotated"} 0',
      'cosimo_index_rotated_rows 0',
      'cosimo_index_rotations_total 0',
      'cosimo_index_head_dimensions 0',
      'cosimo_index_head_rows_passed_total 0',
      'cosimo_index_record_rows_passed_total 0',
      'cosimo_index_scan{codes="planes"} 1',
      'cosimo_index_scan{codes="bytes"} 0',
      ...stages.map((stage) => `cosimo_stage_duration_seconds_count{stage="${stage}"} 0`),
      'cosimo_cache_insertions_total 0',
      'cosimo_cache_evictions_total 0',
      'cosimo_cache_readmissions_total 0',
      'cosimo_cache_refusals_total 0',
      'cosimo_cache_lookups_total{outcome="hit"} 0',
      'cosimo_cache_lookups_total{outcome="miss"} 0',
      'cosimo_tokens_total{kind="text"} 0',
      'cosimo_tokens_total{kind="padding"} 0',
      ...routes.map((route) => `cosimo_http_requests_total{route="${route}",status="200"} 0`),
      ...routes.map((route) => `cosimo_http_request_duration_seconds_count{route="${route}"} 0`),
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
    rotated_rows: 0,
    head_dimensions: 0,
    head_pass_share: 0,
    record_pass_share: 0,
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

test('every status of every route has a series from the start', async () => {
  const { text } = await send(await startService(), 'GET', '/metrics');
  for (const [route, status] of [
    ['/embed', 422],
    ['/search', 429],
    ['/index', 507],
    ['/v1/embeddings', 401],
    ['unknown', 404],
  ])
    assert.match(text, new RegExp(`^cosimo_http_requests_total\\{route="${route}",status="${status}"\\} 0$`, 'm'));
});
