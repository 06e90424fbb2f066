/** Exact search, and what fills and changes an index, beside FAISS flat, NumPy and usearch. */
import { type VectorSet, type VectorSource, vectorFiles } from '../data/data-set.ts';
import type { Contender, Suite, SuiteOptions, Trial } from '../trial.ts';

const DIMENSIONS = 384;
const QUERIES = 256;
const ROWS = [10_000, 100_000, 1_000_000];
const TOP_K = [1, 10, 100];
const CONCURRENCY = [1, 8, 64];
/** What a corpus of sentences gives. */
const SENTENCE_ROWS = 10_000;
const QUICK_ROWS = 1000;
const PEERS = { FAISS: 'faiss', 'FAISS, BLAS always': 'faiss-blas', NumPy: 'numpy', usearch: 'usearch' };

export const index: Suite = {
  name: 'index',
  summary: 'exact search by rows, k, concurrent queries and threads; build, upsert, delete; on four kinds of rows',
  trials(options) {
    return [...searchTrials(options), ...otherRows(options), ...writeTrials(options)];
  },
  charts: [
    {
      name: 'search-1m',
      title: 'Search of 1,000,000 Gaussian rows × 384, k = 10',
      where: { operation: 'search', source: 'gaussian', rows: 1_000_000, k: 10 },
      kind: { type: 'lines', over: 'queries at once', series: 'threads' },
    },
    {
      name: 'search-ratio',
      title: 'Search: how many times faster Cosimo is (k = 10)',
      where: { operation: 'search', source: 'gaussian', k: 10 },
      kind: { type: 'ratios' },
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

/** Every combination on Gaussian rows, the worst case of any bound. */
function searchTrials(options: SuiteOptions): Trial[] {
  const rows = options.quick ? [QUICK_ROWS] : ROWS;
  const ks = options.quick ? [10] : TOP_K;
  const concurrencies = options.quick ? [1, 8] : CONCURRENCY;
  return rows.flatMap((rows) =>
    options.threads.flatMap((threads) =>
      concurrencies.flatMap((concurrency) =>
        ks.map((k) => searchTrial({ source: 'gaussian', rows, k, concurrency, threads }, options)),
      ),
    ),
  );
}

/** Other kinds of rows with one k. */
function otherRows(options: SuiteOptions): Trial[] {
  const rows: [VectorSource, number][] = options.quick
    ? [['near-duplicates', QUICK_ROWS]]
    : [
        ['clustered', 100_000],
        ['clustered', 1_000_000],
        ['near-duplicates', 100_000],
        ['sentences', SENTENCE_ROWS],
      ];
  const threads = options.threads.at(-1) as number;
  return rows.flatMap(([source, count]) =>
    (options.quick ? [1] : [1, 64]).map((concurrency) =>
      searchTrial({ source, rows: count, k: 10, concurrency, threads }, options),
    ),
  );
}

function searchTrial({ source, rows, k, concurrency, threads }: SearchSettings, options: SuiteOptions): Trial {
  const set = vectorSet(source, rows, options);
  const spec = { ...specOf(set, options), operation: 'search', top_k: k, concurrency, threads };
  return {
    id: `search ${source} rows=${rows} k=${k} queries=${concurrency} threads=${threads}`,
    group: `Search, ${source} rows`,
    parameters: { operation: 'search', source, rows, k, 'queries at once': concurrency, threads },
    unit: 'queries/s',
    better: 'higher',
    data: [set],
    contenders: contenders(spec),
    compare: 'hits',
  };
}

function writeTrials(options: SuiteOptions): Trial[] {
  const threads = options.threads.at(-1) as number;
  const units = { build: 'rows/s', upsert: 'upserts/s', delete: 'deletes/s' };
  return (options.quick ? [QUICK_ROWS] : ROWS).flatMap((rows) =>
    Object.entries(units).map(([operation, unit]) => {
      const set = vectorSet('gaussian', rows, options);
      const spec = { ...specOf(set, options), operation, top_k: 10, concurrency: 1, threads };
      return {
        id: `${operation} rows=${rows}`,
        group: 'Build, upsert, delete (one call each)',
        parameters: { operation, rows, threads },
        unit,
        better: 'higher' as const,
        data: [set],
        contenders: contenders(spec),
      };
    }),
  );
}

function vectorSet(source: VectorSource, rows: number, { seed }: SuiteOptions): VectorSet {
  return { kind: 'vectors', source, rows, queries: QUERIES, dimensions: DIMENSIONS, seed };
}

function specOf(set: VectorSet, { quick, seed }: SuiteOptions) {
  return {
    ...vectorFiles(set),
    rows: set.rows,
    dimensions: DIMENSIONS,
    query_count: QUERIES,
    seed,
    round_s: quick ? 0.05 : 0.3,
    warm_up_s: quick ? 0 : 0.2,
  };
}

function contenders(spec: Record<string, unknown>): Contender[] {
  const peers = Object.entries(PEERS).map(
    ([name, peer]): Contender => ({
      name,
      role: 'peer',
      program: { kind: 'python', file: 'search_peer.py', spec: { ...spec, peer } },
    }),
  );
  return [{ name: 'Cosimo', role: 'subject', program: { kind: 'node', file: 'search.ts', spec } }, ...peers];
}
