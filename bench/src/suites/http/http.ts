/** Each endpoint over HTTP, beside the FastAPI + sentence-transformers service. */
import { pathOf, type StoreSet } from '../../data/data-set.ts';
import type { OperationName } from '../../load/operations.ts';
import type { Suite, SuiteOptions, Trial } from '../../trial/trial.ts';
import { leanTrials } from './lean.ts';
import { contenders, NAMES, specOf, titleOf, WITH_DOCUMENTS } from './operations.ts';

const CONCURRENCY = [1, 16, 64];
/** Documents of a store that exists before the service starts: the same as in the suite `startup`. */
const STORED_DOCUMENTS = 1_000_000;
const QUICK_STORED_DOCUMENTS = 200;

/** Arrivals a second, for both services: below and above the capacity of the FastAPI service on two small cores. */
const ARRIVALS: Record<OperationName, readonly number[]> = {
  embed: [25, 100],
  'embed-cached': [200, 1000],
  'embed-one': [],
  'embed-mixed': [],
  batch: [2],
  'batch-mixed': [],
  'batch-cached': [],
  index: [25],
  'index-cached': [200],
  'index-delete': [100],
  search: [25],
  'search-cached': [200],
  stats: [200],
  health: [200],
};

/** `leanTrials` measures these. */
const LEAN = new Set<OperationName>(['embed-one', 'batch-cached']);
/** The suite `encode` measures these. */
const MEASURED_IN_ENCODE = new Set<OperationName>(['embed-mixed', 'batch-mixed']);
/** One of each endpoint: the others differ in their texts alone. */
const QUICK_OPERATIONS = new Set<OperationName>(['embed', 'batch', 'index-delete', 'search-cached', 'stats']);
export const http: Suite = {
  name: 'http',
  summary:
    'each endpoint: closed loop with 1, 16, 64 clients; open loop at a fixed arrival rate; latency percentiles; ' +
    'cached answers beside a plain Fastify; search of 1,000,000 documents beside its scan',
  trials: (options) => [...closedTrials(options), ...openTrials(options), ...leanTrials(options), storedTrial(options)],
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
      title: 'POST /embed, one new text, 100 arrivals a second: latency',
      where: { loop: 'open', operation: 'embed', 'arrivals/s': 100 },
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
  const operations = (Object.keys(NAMES) as OperationName[]).filter(
    (operation) =>
      !LEAN.has(operation) && !MEASURED_IN_ENCODE.has(operation) && (!options.quick || QUICK_OPERATIONS.has(operation)),
  );
  return operations.flatMap((operation) =>
    (options.quick ? [2] : CONCURRENCY).map((connections) => ({
      id: `${titleOf(operation, options)}: clients=${connections}`,
      group: 'Closed loop: every client asks again once it is answered',
      parameters: { loop: 'closed', operation, clients: connections, chart: operation.split('-')[0] as string },
      unit: 'answers/s',
      better: 'higher' as const,
      data: [],
      contenders: contenders({ ...specOf(operation, options), round_s: options.quick ? 0.2 : 1, connections }),
      ...comparison(operation),
    })),
  );
}

function openTrials(options: SuiteOptions): Trial[] {
  return Object.entries(options.quick ? { embed: [20], 'index-delete': [20] } : ARRIVALS).flatMap(
    ([operation, rates]) =>
      (rates ?? []).map((rate_per_s) => ({
        id: `${titleOf(operation as OperationName, options)}: arrivals=${rate_per_s}/s`,
        group: 'Open loop: calls arrive at a fixed rate; 90th percentile of the latency, waiting included',
        parameters: { loop: 'open', operation, 'arrivals/s': rate_per_s },
        unit: 'ms',
        better: 'lower' as const,
        data: [],
        contenders: contenders({
          ...specOf(operation as OperationName, options),
          round_s: options.quick ? 0.2 : 3,
          rate_per_s,
        }),
      })),
  );
}

/** The cost of a search besides its scan, on a large store. Only Cosimo runs: the peer stores nothing on the disk. */
function storedTrial(options: SuiteOptions): Trial {
  const { quick, seed } = options;
  const documents = quick ? QUICK_STORED_DOCUMENTS : STORED_DOCUMENTS;
  const set: StoreSet = { kind: 'store', source: 'gaussian', documents, seed };
  const operation: OperationName = 'search-cached';
  const load = { documents: 0, store: pathOf(set), round_s: quick ? 0.2 : 3, connections: 1 };
  return {
    id: `${NAMES[operation]}, ${documents.toLocaleString('en')} documents: clients=1`,
    group: 'Search of many documents: one client in a closed loop',
    parameters: { loop: 'closed', operation, documents, clients: 1 },
    unit: 'answers/s',
    better: 'higher',
    data: [set],
    contenders: contenders({ ...specOf(operation, options), ...load }).filter(({ role }) => role === 'subject'),
  };
}

/** How answers are compared. The runner asks for some after the rounds. */
function comparison(operation: OperationName): { compare?: 'hits' | 'vectors' } {
  if (WITH_DOCUMENTS.has(operation)) return { compare: 'hits' };
  return operation === 'embed' || operation === 'embed-cached' || operation === 'batch' ? { compare: 'vectors' } : {};
}
