/** Exact search, and what fills and changes an index, beside FAISS flat, NumPy and usearch. */
import type { VectorSource } from '../../data/data-set.ts';
import type { Contender, Suite, SuiteOptions, Trial } from '../../trial/trial.ts';
import {
  codeReadLimit,
  cosimo,
  forcedScans,
  oneAfterAnother,
  oneThread,
  peers,
  plainCodes,
  specOf,
  vectorSet,
  type WorkSpec,
} from './contenders.ts';
import { QUICK_ROWS, ROWS, searchDuringRotationTrials, searchDuringUpsertsTrials, writeTrials } from './writes.ts';

const TOP_K = [1, 10, 100];
const CONCURRENCY = [1, 8, 64];
/** Nearly all sentences of the two collections. */
const SENTENCE_ROWS = 50_000;
const QUICK_CONCURRENCY = [1, 8];
/** The first are too few to rotate. */
const DOCUMENTATION_ROWS = [10_000, 60_000, 1_000_000];
/** Searches of so many rows are compared with references too. */
const REFERENCE_ROWS: Readonly<Record<VectorSource, readonly number[]>> = {
  gaussian: [1_000_000],
  clustered: [1_000_000],
  'near-duplicates': [],
  sentences: [SENTENCE_ROWS],
  documentation: DOCUMENTATION_ROWS,
};
const REFERENCE_K = 10;

export const index: Suite = {
  name: 'index',
  summary:
    'exact search by rows, k, concurrent queries and threads, on five kinds of rows, compared with what the machine reads; ' +
    'search beside upserts and beside a new rotation; build, upsert, delete',
  trials(options) {
    return [
      ...searchTrials(options),
      ...otherRows(options),
      ...searchDuringUpsertsTrials(options),
      ...searchDuringRotationTrials(options),
      ...writeTrials(options),
    ];
  },
  charts: [
    {
      name: 'search-1m',
      title: 'Search of 1,000,000 Gaussian rows × 384, k = 10',
      where: { operation: 'search', source: 'gaussian', rows: 1_000_000, k: 10 },
      roles: ['subject', 'peer'],
      kind: { type: 'lines', over: 'queries at once', series: 'threads' },
    },
    {
      name: 'search-ratio',
      title: 'Search: how many times faster Cosimo is (k = 10)',
      where: { operation: 'search', source: 'gaussian', k: 10 },
      roles: ['subject', 'peer'],
      kind: { type: 'ratios' },
    },
    {
      name: 'search-1m-one-query',
      title: 'One query, 1 thread, 1,000,000 rows × 384, k = 10: ways to scan, and plain reading',
      where: { operation: 'search', rows: 1_000_000, k: 10, 'queries at once': 1, threads: 1 },
      kind: { type: 'bars', axis: 'linear' },
    },
    {
      name: 'bytes-a-row',
      title: 'Bytes that one search reads of a row, 1 thread, k = 10',
      where: { operation: 'search', k: 10, 'queries at once': 1, threads: 1, 'compared with': 'other scans' },
      contenders: ['Cosimo', 'Cosimo, plain', 'Cosimo, bytes'],
      kind: { type: 'bars', axis: 'linear', figure: 'read_bytes_per_row', unit: 'bytes' },
    },
  ],
};

interface SearchSettings {
  readonly source: VectorSource;
  readonly rows: number;
  readonly k: number;
  readonly concurrency: number;
  readonly threads: number;
}

/** All combinations on Gaussian rows, the worst case of any bound. */
function searchTrials(options: SuiteOptions): Trial[] {
  const rows = options.quick ? [QUICK_ROWS] : ROWS;
  const ks = options.quick ? [10] : TOP_K;
  return rows.flatMap((rows) =>
    options.threads.flatMap((threads) =>
      concurrencies(options).flatMap((concurrency) =>
        ks.map((k) => searchTrial({ source: 'gaussian', rows, k, concurrency, threads }, options)),
      ),
    ),
  );
}

/** Other kinds of rows with one k: single queries with one thread and with all, many at once with all. */
function otherRows(options: SuiteOptions): Trial[] {
  const rows: [VectorSource, number][] = options.quick
    ? [['near-duplicates', QUICK_ROWS]]
    : [
        ['clustered', 100_000],
        ['clustered', 1_000_000],
        ['near-duplicates', 100_000],
        ['sentences', SENTENCE_ROWS],
        ...DOCUMENTATION_ROWS.map((count): [VectorSource, number] => ['documentation', count]),
      ];
  const most = { concurrency: CONCURRENCY.at(-1) as number, threads: options.threads.at(-1) as number };
  const together = options.quick ? [] : [most];
  const loads = [...options.threads.map((threads) => ({ concurrency: 1, threads })), ...together];
  return rows.flatMap(([source, count]) =>
    loads.map((load) => searchTrial({ source, rows: count, k: 10, ...load }, options)),
  );
}

function searchTrial(settings: SearchSettings, options: SuiteOptions): Trial {
  const { source, rows, k, concurrency, threads } = settings;
  const set = vectorSet(source, rows, options);
  const spec = { ...specOf(set, options), operation: 'search', top_k: k, concurrency, threads };
  const { group, references, comparedWith } = referencesOf(settings, spec, options);
  return {
    id: `search ${source} rows=${rows} k=${k} queries=${concurrency} threads=${threads}`,
    group,
    parameters: {
      operation: 'search',
      source,
      rows,
      k,
      'queries at once': concurrency,
      threads,
      'compared with': comparedWith,
    },
    unit: 'queries/s',
    better: 'higher',
    data: [set],
    contenders: [cosimo(spec), ...references, ...peers(spec)],
    compare: 'hits',
  };
}

interface References {
  /** Separate table, because only these trials have reference columns. */
  readonly group: string;
  readonly references: readonly Contender[];
  /** What the references are; charts select by it. */
  readonly comparedWith: 'peers' | 'other scans' | 'one thread' | 'one after another';
}

function referencesOf(settings: SearchSettings, spec: WorkSpec, options: SuiteOptions): References {
  const { source, rows, k, concurrency, threads } = settings;
  const isCompared = options.quick ? source === 'gaussian' : REFERENCE_ROWS[source].includes(rows);
  const none: References = { group: `Search, ${source} rows`, references: [], comparedWith: 'peers' };
  if (!isCompared || k !== REFERENCE_K) return none;
  const limit = codeReadLimit(spec, options);
  if (concurrency === 1 && threads === 1) {
    return {
      group: 'One query, 1 thread: ways to scan, and a pass over a byte a dimension',
      references: [...forcedScans(spec, options), limit],
      comparedWith: 'other scans',
    };
  }
  if (concurrency === 1) {
    const group = 'One query, all threads: beside plain codes, 1 thread, and a pass over a byte a dimension';
    return { group, references: [plainCodes(spec), oneThread(spec), limit], comparedWith: 'one thread' };
  }
  if (concurrency !== concurrencies(options).at(-1)) return none;
  return {
    group: `${concurrency} queries at once: beside plain codes, and one after another`,
    references: [plainCodes(spec), oneAfterAnother(spec)],
    comparedWith: 'one after another',
  };
}

const concurrencies = ({ quick }: SuiteOptions) => (quick ? QUICK_CONCURRENCY : CONCURRENCY);
