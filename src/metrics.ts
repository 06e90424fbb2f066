/** The metrics of the process but for the vector index's (`index/index-metrics.ts`), each present from the start; of requests, each route with status 200. Names follow Prometheus: base units, unit last. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

const LATENCY_BUCKETS_S = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const STAGES = ['queue', 'tokenize', 'inference', 'scan', 'store'] as const;

export type Stage = (typeof STAGES)[number];

/** Values that are read when somebody asks. */
export interface GaugeSources {
  readonly ready: () => boolean;
  readonly documents: () => number;
  readonly cache_entries: () => number;
  readonly cache_bytes: () => number;
  readonly queue_texts: () => number;
  readonly queue_bytes: () => number;
}

export class Metrics {
  readonly registry = new Registry();
  readonly #stages: Histogram<'stage'>;
  readonly #requests: Counter<'route' | 'status'>;
  readonly #latency: Histogram<'route'>;
  readonly #cacheLookups: Counter<'outcome'>;
  readonly #tokens: Counter<'kind'>;
  readonly #batchTexts: Histogram;

  constructor(sources: GaugeSources) {
    const registers = [this.registry];
    collectDefaultMetrics({ register: this.registry });
    const gauge = (name: string, help: string, read: () => number) =>
      new Gauge({
        name,
        help,
        registers,
        collect() {
          this.set(read());
        },
      });
    gauge('cosimo_ready', '1 when the service can answer', () => Number(sources.ready()));
    gauge('cosimo_index_documents', 'Documents in the index', sources.documents);
    gauge('cosimo_cache_entries', 'Entries of the embedding cache', sources.cache_entries);
    gauge('cosimo_cache_memory_bytes', 'Memory of the embedding cache', sources.cache_bytes);
    gauge('cosimo_queue_texts', 'Texts that wait or are being encoded', sources.queue_texts);
    gauge('cosimo_queue_text_bytes', 'UTF-8 bytes that wait or are being encoded', sources.queue_bytes);
    this.#stages = new Histogram({
      name: 'cosimo_stage_duration_seconds',
      help: 'Time a text, a batch or a search spends in a stage',
      labelNames: ['stage'],
      buckets: LATENCY_BUCKETS_S,
      registers,
    });
    this.#requests = new Counter({
      name: 'cosimo_http_requests_total',
      help: 'Answered requests',
      labelNames: ['route', 'status'],
      registers,
    });
    this.#latency = new Histogram({
      name: 'cosimo_http_request_duration_seconds',
      help: 'Time from the first byte of a request to the last of its answer',
      labelNames: ['route'],
      buckets: LATENCY_BUCKETS_S,
      registers,
    });
    this.#cacheLookups = new Counter({
      name: 'cosimo_cache_lookups_total',
      help: 'Look-ups of the embedding cache',
      labelNames: ['outcome'],
      registers,
    });
    this.#tokens = new Counter({
      name: 'cosimo_tokens_total',
      help: 'Tokens encoded',
      labelNames: ['kind'],
      registers,
    });
    this.#batchTexts = new Histogram({
      name: 'cosimo_batch_texts',
      help: 'Texts that the encoder took at once',
      buckets: [1, 2, 4, 8, 16, 32, 64],
      registers,
    });
    for (const stage of STAGES) this.#stages.zero({ stage });
    for (const outcome of ['hit', 'miss']) this.#cacheLookups.inc({ outcome }, 0);
    for (const kind of ['text', 'padding']) this.#tokens.inc({ kind }, 0);
  }

  /** Makes a route's series exist before its first request. */
  route(route: string): void {
    this.#requests.inc({ route, status: '200' }, 0);
    this.#latency.zero({ route });
  }

  request(route: string, status: number, elapsed_ms: number): void {
    this.#requests.inc({ route, status: String(status) });
    this.#latency.observe({ route }, elapsed_ms / 1000);
  }

  stage(stage: Stage, elapsed_ms: number): void {
    this.#stages.observe({ stage }, elapsed_ms / 1000);
  }

  cacheLookups(hits: number, misses: number): void {
    this.#cacheLookups.inc({ outcome: 'hit' }, hits);
    this.#cacheLookups.inc({ outcome: 'miss' }, misses);
  }

  batch(texts: number, tokens: number, padding: number): void {
    this.#batchTexts.observe(texts);
    this.#tokens.inc({ kind: 'text' }, tokens);
    this.#tokens.inc({ kind: 'padding' }, padding);
  }
}
