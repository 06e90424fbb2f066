/** The metrics of HTTP requests and of cache look-ups, read from the counts of all HTTP threads. */
import type { Metric, Registry } from 'prom-client';
import { LATENCY_BUCKETS_S, type ProcessCounts } from './thread-counts.ts';

/** All that a route answers: see the table of errors in docs/api.md. */
const STATUSES = [200, 400, 401, 404, 405, 413, 422, 429, 500, 503, 507];

interface Sample {
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
  readonly metricName?: string;
}

/** @param routes in the order of their counts. Their series exist from now on, at 0. */
export function registerHttpMetrics(registry: Registry, counts: ProcessCounts, routes: readonly string[]): void {
  const register = (type: 'counter' | 'histogram', name: string, help: string, samples: () => Sample[]) => {
    // Name and `get` are all that the registry uses of a metric.
    const metric = { name, get: async () => ({ name, help, type, values: samples(), aggregator: 'sum' }) };
    registry.registerMetric(metric as unknown as Metric<string>);
  };
  register('counter', 'cosimo_cache_lookups_total', 'Look-ups of the embedding cache in accepted requests', () => {
    const { hits, misses } = counts.lookups;
    return [
      { labels: { outcome: 'hit' }, value: hits },
      { labels: { outcome: 'miss' }, value: misses },
    ];
  });
  register('counter', 'cosimo_http_requests_total', 'Answered requests', () =>
    routes.flatMap((route, at) => answerSamples(counts, route, at)),
  );
  const latency = 'cosimo_http_request_duration_seconds';
  register('histogram', latency, "Time from when a request's headers are read to the last byte of its answer", () =>
    routes.flatMap((route, at) => latencySamples(latency, counts, route, at)),
  );
}

/** The statuses whose series exist before the first such answer: a rate can be taken from the first one on. */
function expectedStatuses(route: string): readonly number[] {
  return route === UNKNOWN_ROUTE ? [404] : STATUSES;
}

function answerSamples(counts: ProcessCounts, route: string, at: number): Sample[] {
  const answered = new Map<number, number>(expectedStatuses(route).map((status) => [status, 0]));
  for (const { status, count } of counts.answers(at)) answered.set(status, count);
  return [...answered].map(([status, count]) => ({ labels: { route, status }, value: count }));
}

function latencySamples(name: string, counts: ProcessCounts, route: string, at: number): Sample[] {
  const { buckets, sum_s } = counts.latencies(at);
  let count = 0;
  const cumulated = buckets.map((more, bucket) => {
    count += more;
    return { metricName: `${name}_bucket`, labels: { le: LATENCY_BUCKETS_S[bucket] ?? '+Inf', route }, value: count };
  });
  return [
    ...cumulated,
    { metricName: `${name}_sum`, labels: { route }, value: sum_s },
    { metricName: `${name}_count`, labels: { route }, value: count },
  ];
}

/** Counts the requests that no route takes. */
export const UNKNOWN_ROUTE = 'unknown';
