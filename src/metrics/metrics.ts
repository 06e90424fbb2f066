/**
 * The metrics of the process. Those of index, cache and HTTP are in `index-metrics.ts`, `cache-metrics.ts`, `http-metrics.ts`.
 * Every series is there from the start. Names follow Prometheus: base units, unit last.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { LATENCY_BUCKETS_S } from './thread-counts.ts';

const STAGES = ['queue', 'tokenize', 'inference', 'scan', 'store'] as const;

export type MetricStage = (typeof STAGES)[number];

/** Values that are read when somebody asks. */
export interface GaugeSources {
  readonly ready: () => boolean | Promise<boolean>;
  readonly documents: () => number;
  readonly queue_texts: () => number;
  readonly queue_tokens: () => number;
  readonly queue_bytes: () => number;
  readonly encoder_memory_bytes: () => number;
}

export class Metrics {
  readonly registry = new Registry();
  readonly #stages: Histogram<'stage'>;
  readonly #tokens: Counter<'kind'>;
  readonly #batchTexts: Histogram;
  readonly #truncatedTexts: Counter;
  readonly #restarts: Counter;

  constructor(sources: GaugeSources) {
    const registers = [this.registry];
    collectDefaultMetrics({ register: this.registry });
    const gauge = (name: string, help: string, read: () => number | Promise<number>) =>
      new Gauge({
        name,
        help,
        registers,
        async collect() {
          this.set(await read());
        },
      });
    gauge('cosimo_ready', '1 when the service can answer', async () => Number(await sources.ready()));
    gauge('cosimo_index_documents', 'Documents in the index', sources.documents);
    gauge('cosimo_queue_texts', 'Texts that wait or are being encoded', sources.queue_texts);
    gauge(
      'cosimo_queue_tokens',
      'Tokens that wait or are being encoded, estimated for texts not tokenized yet',
      sources.queue_tokens,
    );
    gauge('cosimo_queue_text_bytes', 'UTF-8 bytes that wait or are being encoded', sources.queue_bytes);
    gauge(
      'cosimo_encoder_memory_bytes',
      'Native memory of the native encoder: weights and workspace; 0 with ONNX Runtime',
      sources.encoder_memory_bytes,
    );
    this.#stages = new Histogram({
      name: 'cosimo_stage_duration_seconds',
      help: 'Time a text, a batch or a search spends in a stage',
      labelNames: ['stage'],
      buckets: [...LATENCY_BUCKETS_S],
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
    this.#truncatedTexts = new Counter({
      name: 'cosimo_truncated_texts_total',
      help: 'Texts that had more tokens than the model sees',
      registers,
    });
    this.#restarts = new Counter({
      name: 'cosimo_encoder_restarts_total',
      help: 'Threads of encoder and tokenizer that had to be started again',
      registers,
    });
    for (const stage of STAGES) this.#stages.zero({ stage });
    for (const kind of ['text', 'padding']) this.#tokens.inc({ kind }, 0);
  }

  stage(stage: MetricStage, elapsed_ms: number): void {
    this.#stages.observe({ stage }, elapsed_ms / 1000);
  }

  truncatedTexts(count: number): void {
    this.#truncatedTexts.inc(count);
  }

  encoderRestarted(): void {
    this.#restarts.inc();
  }

  batch(texts: number, tokens: number, padding: number): void {
    this.#batchTexts.observe(texts);
    this.#tokens.inc({ kind: 'text' }, tokens);
    this.#tokens.inc({ kind: 'padding' }, padding);
  }
}
