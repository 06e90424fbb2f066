/** The load generators, against a server whose answers take a known time. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { afterAll, describe, test } from 'vitest';
import { closedLoop } from '../src/load/closed-loop.ts';
import { callsForPercentile, latencies, newHistogram, recordLatency } from '../src/load/latencies.ts';
import { openLoop } from '../src/load/open-loop.ts';
import { OPERATIONS, operationSource } from '../src/load/operations.ts';
import { rawSocketLoop } from '../src/load/raw-socket-loop.ts';
import { readStages, searchOverhead, stageFigures } from '../src/load/stages.ts';

const SERVICE_MS = 10;
const servers: Server[] = [];
afterAll(() => servers.forEach((server) => server.close()));

/** Starts a server that answers one call after another, each after `SERVICE_MS`: its capacity is 100 calls a second. */
async function startServer(status = 200): Promise<{ origin: string; seen: string[] }> {
  const seen: string[] = [];
  let free_ms = 0;
  const server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`);
    request.resume().on('end', () => {
      const now_ms = performance.now();
      free_ms = Math.max(now_ms, free_ms) + SERVICE_MS;
      setTimeout(() => response.writeHead(status, { 'content-length': 2 }).end('{}'), free_ms - now_ms);
    });
  });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

const health = operationSource('health', 1, 0);
const p50 = ({ extra }: { extra?: Readonly<Record<string, number>> }) => extra?.['latency_p50_ms'] as number;

test('percentiles are those of their names, and those of too few calls are left out', () => {
  const histogram = newHistogram();
  for (let ms = 1; ms <= 400; ms += 1) recordLatency(histogram, ms);
  const { latency_p50_ms, latency_p90_ms, latency_p99_ms, latency_mean_ms, latency_max_ms, ...others } =
    latencies(histogram);
  const near = (value: number | undefined, expected: number) => Math.abs((value ?? 0) / expected - 1) < 0.01;
  assert.ok(near(latency_p50_ms, 200) && near(latency_p90_ms, 360) && near(latency_p99_ms, 396));
  assert.ok(near(latency_max_ms, 400) && near(latency_mean_ms, 200.5));
  assert.deepEqual(others, {}, 'p99.9 of 400 calls would be the maximum');
});

test('a percentile takes as many calls as are said to be enough for it', () => {
  assert.equal(callsForPercentile(99), 300);
  const histogram = newHistogram();
  for (let call = 1; call < callsForPercentile(99); call += 1) recordLatency(histogram, 1);
  assert.ok(!('latency_p99_ms' in latencies(histogram)));
  recordLatency(histogram, 1);
  assert.ok('latency_p99_ms' in latencies(histogram));
});

describe('closed loop', () => {
  test('clients share the capacity, and each waits for the others', async () => {
    const { origin } = await startServer();
    const alone = await closedLoop(origin, health, 1, 0.5);
    const four = await closedLoop(origin, health, 4, 0.5);
    assert.ok(alone.value > 40 && alone.value <= 105, `${alone.value} answers/s`);
    assert.ok(four.value > 60 && four.value <= 110, `${four.value} answers/s`);
    assert.ok(p50(alone) >= SERVICE_MS - 1.5, `${p50(alone)} ms`);
    assert.ok(p50(four) > 2.5 * SERVICE_MS, `${p50(four)} ms`);
  });

  test('what goes before a call is asked for and not timed', async () => {
    const { origin, seen } = await startServer();
    const result = await closedLoop(origin, operationSource('index-delete', 1, 0), 1, 0.3);
    const posts = seen.filter((line) => line === 'POST /index').length;
    const deletes = seen.filter((line) => line.startsWith('DELETE /index/new-')).length;
    assert.ok(deletes >= 5);
    assert.equal(posts, deletes);
    assert.ok(p50(result) < 2 * SERVICE_MS, 'one call is timed, not two');
    assert.ok(result.value < 60, 'both calls take their time');
  });

  test('a refusal is no answer', async () => {
    const { origin } = await startServer(429);
    await assert.rejects(closedLoop(origin, health, 1, 0.2), /\/health was answered 429/);
  });
});

describe('lean loop', () => {
  test('counts what it was answered, over connections that share the capacity', async () => {
    const { origin, seen } = await startServer();
    const began_ms = performance.now();
    const { value, extra } = await rawSocketLoop(origin, health, 4, 0.5, false);
    const elapsed_s = (performance.now() - began_ms) / 1000;
    assert.ok(value > 0 && value <= 110, `${value} answers/s`);
    assert.ok(value * 0.5 <= seen.length && seen.length <= value * elapsed_s + 4, `${seen.length} calls`);
    assert.ok(seen.every((line) => line === 'GET /health'));
    assert.ok((extra?.['latency_p50_ms'] as number) > 2.5 * SERVICE_MS);
  });

  test('clients stay awake if the caller wants it', async () => {
    const { origin } = await startServer();
    const busy = async (staysAwake: boolean) => {
      const before = performance.eventLoopUtilization();
      await rawSocketLoop(origin, health, 1, 0.5, staysAwake);
      return performance.eventLoopUtilization(before).utilization;
    };
    const [asleep, awake] = [await busy(false), await busy(true)];
    assert.ok(awake > 0.95 && asleep < 0.9, `${awake} of the time against ${asleep}`);
  });

  test('reads heads and bodies that come in pieces, and bodies past a read', async () => {
    const body = 'x'.repeat(200_000);
    let asked = 0;
    const server = createTcpServer((socket) => {
      socket.on('error', () => {}); // the client closes the connection
      socket.on('data', () => {
        asked += 1;
        socket.write('HTTP/1.1 200 OK\r\ncontent-le');
        setTimeout(() => {
          socket.write(`ngth: ${body.length}\r\n\r\n${body.slice(0, 10)}`);
          setTimeout(() => socket.write(body.slice(10)), 2);
        }, 2);
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const { value, extra } = await rawSocketLoop(`http://127.0.0.1:${port}`, health, 2, 0.3, false);
    server.close();
    assert.ok(value > 0 && asked >= value * 0.3, `${value} answers/s of ${asked} calls`);
    assert.ok((extra?.['latency_p50_ms'] as number) >= 2, 'no answer before its last piece');
  });

  test('a refusal is no answer', async () => {
    const { origin } = await startServer(429);
    await assert.rejects(rawSocketLoop(origin, health, 1, 0.2, false), /answered HTTP\/1.1 429/);
  });
});

describe('open loop', () => {
  test('below capacity calls hardly wait; above it the queue is seen', async () => {
    const { origin } = await startServer();
    const options = { duration_s: 1, seed: 1 };
    const below = await openLoop(origin, health, { ...options, rate_per_s: 20 });
    const above = await openLoop(origin, health, { ...options, rate_per_s: 300 });
    assert.ok(p50(below) < 4 * SERVICE_MS, `${p50(below)} ms`);
    // 300 arrive in a second and 100 are answered: the middle one waits for about a second.
    assert.ok(p50(above) > 500, `${p50(above)} ms`);
    assert.equal(above.value, above.extra?.['latency_p90_ms']);
    assert.ok(above.value > p50(above));
    const calls = above.extra?.['calls'] as number;
    assert.ok(calls > 230 && calls < 370, `${calls} calls`);
  });

  test('a refusal is counted, and counts as waiting to the end', async () => {
    const { origin } = await startServer(503);
    const { extra, value } = await openLoop(origin, health, { rate_per_s: 50, duration_s: 0.3, seed: 2 });
    assert.equal(extra?.['refused'], extra?.['calls']);
    assert.equal(extra?.['unanswered'], 0);
    assert.ok(value > 9_000, `${value} ms`);
  });

  test('latency counts from when a call was due, and no call leaves before that', async () => {
    let busy = false;
    const arrived: number[] = [];
    const server = createServer((_, response) => {
      arrived.push(performance.now());
      response.end('{}');
    }).listen(0, '127.0.0.1');
    servers.push(server);
    await once(server, 'listening');
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    // The client itself is busy for 300 ms: the latencies of calls that fall due meanwhile must include the delay.
    const timer = setTimeout(() => {
      busy = true;
      const end_ms = performance.now() + 300;
      while (performance.now() < end_ms);
    }, 100);
    const held = await openLoop(origin, health, { rate_per_s: 100, duration_s: 0.6, seed: 4 });
    clearTimeout(timer);
    assert.ok(busy);
    assert.ok(held.value > 150, `${held.value} ms`);
    const { extra } = await openLoop(origin, health, { rate_per_s: 200, duration_s: 0.5, seed: 5 });
    assert.ok((extra?.['latency_p50_ms'] as number) > 0.1, 'an answer takes more than nothing');
  });

  test('arrivals are a Poisson process: as many gaps are short as that says', async () => {
    const arrivals: number[] = [];
    const next = () => {
      arrivals.push(performance.now());
      return health.next();
    };
    const source = { preparation: [], next };
    const { origin } = await startServer();
    await openLoop(origin, source, { rate_per_s: 150, duration_s: 2, seed: 6 });
    const gaps = arrivals.slice(1).map((at, i) => at - (arrivals[i] as number));
    const short = gaps.filter((gap) => gap < 1000 / 150 / 2).length / gaps.length;
    assert.ok(Math.abs(short - (1 - Math.exp(-0.5))) < 0.12, `${short} of the gaps are below half the mean`);
  });

  test('a server that goes away fails the round', async () => {
    const { origin } = await startServer();
    servers.at(-1)?.close();
    servers.at(-1)?.closeAllConnections();
    await assert.rejects(openLoop(origin, health, { rate_per_s: 50, duration_s: 0.2, seed: 3 }), /ECONNREFUSED|closed/);
  });
});

describe('operations', () => {
  test('new texts are new, known ones come back, and the same seed asks the same', () => {
    const bodies = (name: 'embed' | 'embed-cached') => {
      const source = operationSource(name, 1, 0);
      return Array.from({ length: 200 }, () => source.next().call.body);
    };
    assert.equal(new Set(bodies('embed')).size, 200);
    assert.equal(new Set(bodies('embed-cached')).size, 64);
    assert.deepEqual(bodies('embed'), bodies('embed'));
    const { preparation, next } = operationSource('embed-cached', 1, 0);
    assert.ok(
      preparation.some(({ body }) => body === next().call.body),
      'known texts are put in the cache first',
    );
  });

  test('every endpoint is asked for', () => {
    const paths = OPERATIONS.map((name) => operationSource(name, 1, 3).next().call);
    const kinds = new Set(paths.map(({ method, path }) => `${method} ${path.replace(/new-.*/, '{id}')}`));
    const wanted = ['POST /embed', 'POST /embed/batch', 'POST /index', 'DELETE /index/{id}', 'POST /search'];
    assert.deepEqual([...kinds].sort(), [...wanted, 'GET /stats', 'GET /health'].sort());
    assert.equal(operationSource('search', 1, 3).preparation.length, 3);
  });
});

test('stages, tokens and the event loop are read from the metrics, as means between two readings', async () => {
  let text = '';
  const server = createServer((_, response) => response.end(text)).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  assert.equal(await readStages(origin), undefined, 'a service without them');
  const metrics = (sum: number, count: number) =>
    `cosimo_stage_duration_seconds_sum{stage="queue"} ${sum}\ncosimo_stage_duration_seconds_count{stage="queue"} ${count}\n` +
    'cosimo_stage_duration_seconds_sum{stage="scan"} 1\ncosimo_stage_duration_seconds_count{stage="scan"} 5\n' +
    `cosimo_tokens_total{kind="text"} ${count * 10}\ncosimo_tokens_total{kind="padding"} ${count}\n` +
    'nodejs_eventloop_lag_p99_seconds 0.0135\n';
  text = metrics(1, 10);
  const before = await readStages(origin);
  text = metrics(1.5, 20);
  const after = await readStages(origin);
  assert.ok(before && after);
  const { event_loop_delay_p99_ms, ...figures } = stageFigures(before, after);
  assert.deepEqual(figures, { stage_queue_ms: 50, padded_over_real: 1.1 });
  assert.ok(Math.abs((event_loop_delay_p99_ms as number) - 3.5) < 1e-9, 'without the 10 ms at which it is looked at');
});

test('the cost of a search besides its scan is a figure if there was a scan', () => {
  const figures = { latency_p50_ms: 25, latency_mean_ms: 27, stage_scan_ms: 24 };
  assert.deepEqual(searchOverhead(figures), { overhead_p50_ms: 1, overhead_mean_ms: 3 });
  assert.deepEqual(
    searchOverhead({ latency_mean_ms: 27, stage_scan_ms: 24 }),
    { overhead_mean_ms: 3 },
    'too few calls',
  );
  assert.deepEqual(searchOverhead({ latency_p50_ms: 25, latency_mean_ms: 27, stage_queue_ms: 1 }), {});
});
