/**
 * Counts of all HTTP threads, in memory that they share: if a thread dies, its counts stay. Each thread has a row that it
 * alone writes; readers add the rows up.
 */

export const ENDPOINTS = ['embed', 'batch', 'search', 'index'] as const;
export type Endpoint = (typeof ENDPOINTS)[number];

/** Upper bounds of the buckets of latencies; one more bucket takes what is above. */
export const LATENCY_BUCKETS_S = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
] as const;

const ROUTES_MAX = 32;
const FIRST_STATUS = 100;
const STATUSES = 500;

const HITS = ENDPOINTS.length;
const MISSES = HITS + 1;
const ANSWERS = MISSES + 1;
const BUCKETS = ANSWERS + ROUTES_MAX * STATUSES;
const BUCKETS_A_ROUTE = LATENCY_BUCKETS_S.length + 1;
const SECONDS = BUCKETS + ROUTES_MAX * BUCKETS_A_ROUTE;
const COLUMNS = SECONDS + ROUTES_MAX;

export interface AnswerCounts {
  readonly status: number;
  readonly count: number;
}

export interface Latencies {
  /** Answers in each bucket of LATENCY_BUCKETS_S, then the answers above all. */
  readonly buckets: readonly number[];
  readonly sum_s: number;
}

/** One thread's row. */
export class ThreadCounts {
  readonly #row: Float64Array;

  constructor(row: Float64Array) {
    this.#row = row;
  }

  /** Counts an accepted request. */
  request(endpoint: Endpoint): void {
    this.#add(ENDPOINTS.indexOf(endpoint), 1);
  }

  /** Counts the look-ups of the cache in an accepted request. */
  lookups(hits: number, misses: number): void {
    this.#add(HITS, hits);
    this.#add(MISSES, misses);
  }

  /** Counts an answer. @param route its position among the routes, which is the same in all threads */
  answer(route: number, status: number, elapsed_s: number): void {
    this.#add(ANSWERS + route * STATUSES + status - FIRST_STATUS, 1);
    let bucket = 0;
    while (bucket < LATENCY_BUCKETS_S.length && elapsed_s > (LATENCY_BUCKETS_S[bucket] as number)) bucket += 1;
    this.#add(BUCKETS + route * BUCKETS_A_ROUTE + bucket, 1);
    this.#add(SECONDS + route, elapsed_s);
  }

  #add(column: number, more: number): void {
    this.#row[column] = (this.#row[column] as number) + more;
  }
}

/** The rows of all threads. */
export class ProcessCounts {
  readonly memory: SharedArrayBuffer;
  readonly #rows: readonly Float64Array[];

  /** @param memory of another thread's instance; without it all counts are 0 */
  constructor(threads: number, memory?: SharedArrayBuffer) {
    const rowBytes = COLUMNS * Float64Array.BYTES_PER_ELEMENT;
    this.memory = memory ?? new SharedArrayBuffer(threads * rowBytes);
    this.#rows = Array.from({ length: threads }, (_, at) => new Float64Array(this.memory, at * rowBytes, COLUMNS));
  }

  /** @param thread from 0 on. No two threads may use one row at the same time. */
  countsOfThread(thread: number): ThreadCounts {
    return new ThreadCounts(this.#rows[thread] as Float64Array);
  }

  get requests(): Record<Endpoint, number> {
    const counts = ENDPOINTS.map((endpoint, at) => [endpoint, this.#sum(at)] as const);
    return Object.fromEntries(counts) as Record<Endpoint, number>;
  }

  get lookups(): { hits: number; misses: number } {
    return { hits: this.#sum(HITS), misses: this.#sum(MISSES) };
  }

  /** Answers by status, for the statuses that have occurred. */
  answers(route: number): AnswerCounts[] {
    const counts = Array.from({ length: STATUSES }, (_, at) => ({
      status: at + FIRST_STATUS,
      count: this.#sum(ANSWERS + route * STATUSES + at),
    }));
    return counts.filter(({ count }) => count > 0);
  }

  latencies(route: number): Latencies {
    const first = BUCKETS + route * BUCKETS_A_ROUTE;
    const buckets = Array.from({ length: BUCKETS_A_ROUTE }, (_, at) => this.#sum(first + at));
    return { buckets, sum_s: this.#sum(SECONDS + route) };
  }

  #sum(column: number): number {
    return this.#rows.reduce((sum, row) => sum + (row[column] as number), 0);
  }
}
