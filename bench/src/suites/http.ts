/** Each endpoint over HTTP, beside the FastAPI + sentence-transformers service. */
import { pathOf, type StoreSet } from '../data/data-set.ts';
import type { OperationName } from '../load/operations.ts';
import type { Contender, Suite, SuiteOptions, Trial } from '../trial/trial.ts';

const CONCURRENCY = [1, 16, 64];
const DOCUMENTS = 1000;
const QUICK_DOCUMENTS = 10;
/** Documents of a store that exists before the service starts: the same as in the suite `startup`. */
const STORED_DOCUMENTS = 1_000_000;
const QUICK_STORED_DOCUMENTS = 200;

/** Arrivals a second, the same for both: below and above what the FastAPI service does on two small cores. */
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

const NAMES: Record<OperationName, string> = {
  embed: 'POST /embed, one new text',
  'embed-cached': 'POST /embed, one cached text',
  'embed-one': 'POST /embed, one cached text, always the same',
  'embed-mixed': 'POST /embed, one text of a file',
  batch: 'POST /embed/batch, 32 new texts',
  'batch-mixed': 'POST /embed/batch, texts of a file',
  'batch-cached': 'POST /embed/batch, 100 cached texts',
  index: 'POST /index, new text',
  'index-cached': 'POST /index, cached text',
  'index-delete': 'POST /index, cached text, and DELETE /index/{id}',
  search: 'POST /search, new query',
  'search-cached': 'POST /search, cached query',
  stats: 'GET /stats',
  health: 'GET /health',
};
/** `leanTrials` measures these. */
const LEAN = new Set<OperationName>(['embed-one', 'batch-cached']);
/** The suite `encode` measures these. */
const ELSEWHERE = new Set<OperationName>(['embed-mixed', 'batch-mixed']);
const LEAN_CONNECTIONS = 32;
const LEAN_BATCH_CONNECTIONS = 2;
const WITH_DOCUMENTS = new Set<OperationName>(['search', 'search-cached']);

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
    (operation) => !LEAN.has(operation) && !ELSEWHERE.has(operation),
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

/** Cached answers, beside the least that Fastify does, and by two event loops beside one. */
function leanTrials(options: SuiteOptions): Trial[] {
  const cores = Math.max(...options.threads);
  const trial = (operation: OperationName, connections: number, what: string, others: LeanContender[]): Trial => {
    const eventLoops = Math.max(...others.map(({ http_threads = 1 }) => http_threads));
    const load = {
      connections,
      lean: true,
      clients_stay_awake: cores > eventLoops,
      round_s: options.quick ? 0.2 : 2,
      warm_up_s: options.quick ? 0 : 4,
    };
    const spec = { ...specOf(operation, options), ...load };
    return {
      id: `${NAMES[operation]}, ${what}: clients=${connections}`,
      group: 'Closed loop over sockets, by clients that do next to nothing',
      parameters: { loop: 'lean', operation, clients: connections },
      unit: 'answers/s',
      better: 'higher',
      data: [],
      contenders: others.map(({ name, role, ...told }) => ({
        name,
        role,
        program: { kind: 'node', file: 'http.ts', spec: { ...spec, service: 'cosimo', ...told } },
      })),
    };
  };
  const cosimo: LeanContender = { name: 'Cosimo', role: 'subject' };
  const plain = (name: string, way: string): LeanContender => ({ name, role: 'reference', service: 'plain', way });
  const constant = plain('Fastify, the same bytes from a buffer', 'constant');
  const clients = options.quick ? 2 : LEAN_CONNECTIONS;
  return [
    trial('embed-one', clients, 'one event loop', [cosimo, constant]),
    trial('batch-cached', LEAN_BATCH_CONNECTIONS, 'one event loop', [
      cosimo,
      plain('Fastify, JSON.stringify', 'stringify'),
      constant,
    ]),
    trial('embed-one', clients, `two event loops, ${Math.max(0, cores - 2)} cores left for the clients`, [
      { name: 'Cosimo, 2 event loops', role: 'subject', http_threads: 2 },
      { name: 'Cosimo, 1 event loop', role: 'reference', http_threads: 1 },
    ]),
  ];
}

interface LeanContender {
  readonly name: string;
  readonly role: Contender['role'];
  readonly service?: string;
  readonly way?: string;
  readonly http_threads?: number;
}

/** What a search costs besides its scan, on a large store. Cosimo alone: the peer stores nothing on disk. */
function storedTrial(options: SuiteOptions): Trial {
  const { quick, seed } = options;
  const documents = quick ? QUICK_STORED_DOCUMENTS : STORED_DOCUMENTS;
  const set: StoreSet = { kind: 'store', documents, seed };
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

function titleOf(operation: OperationName, { quick }: SuiteOptions): string {
  const documents = documentsOf(operation, quick);
  return documents === 0 ? NAMES[operation] : `${NAMES[operation]}, ${documents} documents`;
}

const documentsOf = (operation: OperationName, quick: boolean) =>
  WITH_DOCUMENTS.has(operation) ? (quick ? QUICK_DOCUMENTS : DOCUMENTS) : 0;

/** Answers are compared too: some are asked for after the rounds. */
function comparison(operation: OperationName): { compare?: 'hits' | 'vectors' } {
  if (WITH_DOCUMENTS.has(operation)) return { compare: 'hits' };
  return operation === 'embed' || operation === 'embed-cached' || operation === 'batch' ? { compare: 'vectors' } : {};
}

function specOf(operation: OperationName, { quick, seed, threads }: SuiteOptions) {
  return {
    operation,
    documents: documentsOf(operation, quick),
    seed,
    threads: threads.at(-1),
    warm_up_s: quick ? 0 : 0.7,
  };
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
