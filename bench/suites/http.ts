/** Each endpoint over HTTP, beside the FastAPI + sentence-transformers service. */
import type { OperationName } from '../load/operations.ts';
import type { Contender, Suite, SuiteOptions, Trial } from '../trial.ts';

const CONCURRENCY = [1, 16, 64];
const DOCUMENTS = 1000;
const QUICK_DOCUMENTS = 10;

/** Arrivals a second, the same for both: below and above what the FastAPI service does on two small cores. */
const ARRIVALS: Partial<Record<OperationName, readonly number[]>> = {
  embed: [25, 100],
  'embed-cached': [200, 1000],
  'search-cached': [200],
};

const NAMES: Record<OperationName, string> = {
  embed: 'POST /embed, one new text',
  'embed-cached': 'POST /embed, one cached text',
  batch: 'POST /embed/batch, 32 new texts',
  index: 'POST /index, new text',
  'index-cached': 'POST /index, cached text',
  delete: 'DELETE /index/{id}',
  search: `POST /search, new query, ${DOCUMENTS} documents`,
  'search-cached': `POST /search, cached query, ${DOCUMENTS} documents`,
  stats: 'GET /stats',
  health: 'GET /health',
};
const WITH_DOCUMENTS = new Set<OperationName>(['search', 'search-cached']);

export const http: Suite = {
  name: 'http',
  summary: 'each endpoint: closed loop with 1, 16, 64 clients; open loop at a fixed arrival rate; latency percentiles',
  trials: (options) => [...closedTrials(options), ...openTrials(options)],
  charts: [
    {
      name: 'embed',
      title: 'POST /embed: answers a second by clients',
      where: { loop: 'closed', chart: 'embed' },
      kind: { type: 'lines', over: 'clients', series: 'operation' },
    },
    {
      name: 'search',
      title: 'POST /search: answers a second by clients',
      where: { loop: 'closed', chart: 'search' },
      kind: { type: 'lines', over: 'clients', series: 'operation' },
    },
    {
      name: 'latency-embed',
      title: 'POST /embed, one new text, 25 arrivals a second: latency',
      where: { loop: 'open', operation: 'embed', 'arrivals/s': 25 },
      kind: { type: 'percentiles' },
    },
    {
      name: 'latency-embed-cached',
      title: 'POST /embed, one cached text, 200 arrivals a second: latency',
      where: { loop: 'open', operation: 'embed-cached', 'arrivals/s': 200 },
      kind: { type: 'percentiles' },
    },
    {
      name: 'ratio',
      title: 'HTTP with 16 clients: how many times more answers Cosimo gives',
      where: { loop: 'closed', clients: 16 },
      kind: { type: 'ratios' },
    },
  ],
};

function closedTrials(options: SuiteOptions): Trial[] {
  return (Object.keys(NAMES) as OperationName[]).flatMap((operation) =>
    (options.quick ? [2] : CONCURRENCY).map((connections) => ({
      id: `${operation} clients=${connections}`,
      group: 'Closed loop: every client asks again once it is answered',
      parameters: { loop: 'closed', operation, clients: connections, chart: operation.split('-')[0] as string },
      unit: 'answers/s',
      better: 'higher' as const,
      data: [],
      contenders: contenders({ ...specOf(operation, options), connections }),
    })),
  );
}

function openTrials(options: SuiteOptions): Trial[] {
  return Object.entries(options.quick ? { embed: [20] } : ARRIVALS).flatMap(([operation, rates]) =>
    (rates ?? []).map((rate_per_s) => ({
      id: `${operation} arrivals=${rate_per_s}/s`,
      group: 'Open loop: calls arrive at a fixed rate; 99th percentile of the latency, waiting included',
      parameters: { loop: 'open', operation, 'arrivals/s': rate_per_s },
      unit: 'ms',
      better: 'lower' as const,
      data: [],
      contenders: contenders({ ...specOf(operation as OperationName, options), rate_per_s }),
    })),
  );
}

function specOf(operation: OperationName, { quick, seed }: SuiteOptions) {
  const documents = WITH_DOCUMENTS.has(operation) ? (quick ? QUICK_DOCUMENTS : DOCUMENTS) : 0;
  return { operation, documents, seed, round_s: quick ? 0.2 : 1.5, warm_up_s: quick ? 0 : 0.7 };
}

function contenders(spec: Record<string, unknown>): Contender[] {
  return [
    {
      name: 'Cosimo',
      role: 'subject',
      program: { kind: 'node', file: 'http.ts', spec: { ...spec, service: 'cosimo' } },
    },
    {
      name: 'FastAPI',
      role: 'peer',
      program: { kind: 'node', file: 'http.ts', spec: { ...spec, service: 'fastapi' }, needs: 'venv' },
    },
  ];
}
