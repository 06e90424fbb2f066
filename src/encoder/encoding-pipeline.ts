/** Tokenizer, queue and encoders of one model, put together. */
import { readModelConfig } from '../model/model-config.ts';
import { BatchQueue } from './batch-queue.ts';
import { EncoderHealth } from './encoder-health.ts';
import { startEncoders } from './encoder-set.ts';
import type { EncoderThread } from './encoder-thread.ts';
import type { EncoderThreadOptions } from './encoder-thread-protocol.ts';
import { KeptAlive } from './kept-alive.ts';
import type { BatchReport, TokenizeReport } from './queue-reports.ts';
import type { TokenizedText } from './tokenizer.ts';
import { TokenizerThread } from './tokenizer-thread.ts';

export interface PipelineOptions extends EncoderThreadOptions {
  /** Encoders that work side by side; with `threads`, 0 leaves the choice to measuring. */
  readonly workers: number;
  /** Tokens of one inference, padding included; 0 for what suits the device. */
  readonly batchTokens: number;
  /** Most tokens and UTF-8 bytes that may wait or be encoded. */
  readonly tokensMax: number;
  readonly bytesMax: number;
}

export interface PipelineEvents {
  readonly log: (line: string) => void;
  readonly onTokenized?: (report: TokenizeReport) => void;
  readonly onBatch?: (report: BatchReport) => void;
  /** A thread has died and is being started again. */
  readonly onRestart?: () => void;
}

export interface EncodingPipeline {
  readonly queue: BatchQueue;
  readonly dimensions: number;
  /** Tokens of a text that the model sees, at most. */
  readonly maxTokens: number;
  readonly vocabSize: number;
  /** Token ids that the tokenizer puts before and behind a text: [CLS] and [SEP]. */
  readonly prefix: readonly number[];
  readonly suffix: readonly number[];
  readonly device: 'cpu' | 'cuda';
  readonly precision: 'fp32' | 'fp16';
  /** For people: what runs where. */
  readonly description: string;
  /** False from a failed inference until the next one that works. */
  readonly healthy: () => boolean;
  readonly close: () => Promise<void>;
}

/** What encoders are measured by. */
const SAMPLE_TEXT = 'How long does it take to encode a sentence of some ten words?';
/** Half a thousand tokens keep a CPU busy, and more make others wait the longer; a GPU wants many. */
const BATCH_TOKENS = { cpu: 1024, cuda: 16_384 } as const;

/** @throws CosimoError `model_invalid`; `invalid_setting` when a device can't be had */
export async function startPipeline(options: PipelineOptions, events: PipelineEvents): Promise<EncodingPipeline> {
  const { modelDir } = options;
  const { log, onRestart = () => {} } = events;
  const { vocabSize, maxSeqLength: maxTokens } = await readModelConfig(modelDir);
  const restarted = (what: string) => {
    log(`The ${what}'s thread has ended; it is started again`);
    onRestart();
  };
  const startTokenizer = () => TokenizerThread.start({ modelDir }, log);
  const tokenizer = new KeptAlive(await startTokenizer(), startTokenizer, () => restarted('tokenizer'));
  const [sample] = (await tokenizer.last.tokenize([SAMPLE_TEXT])) as [TokenizedText];
  const started = startEncoders({
    ...options,
    sample: { ...sample, maxTokens },
    log,
    onRestart: () => restarted('encoder'),
  });
  started.catch(() => tokenizer.close());
  const set = await started;
  const { dimensions, device, precision, description } = (set.encoders[0] as KeptAlive<EncoderThread>).last;
  const health = new EncoderHealth((text) => Promise.all(queue.enqueue([text])), log);
  const queue: BatchQueue = new BatchQueue({
    tokenize: async (texts) => (await tokenizer.get()).tokenize(texts),
    encoders: set.encoders.map((encoder) => async (batch) => (await encoder.get()).encode(batch)),
    maxTokens,
    batchTokens: options.batchTokens || BATCH_TOKENS[device],
    overheadTokens: set.overheadTokens,
    tokensMax: options.tokensMax,
    bytesMax: options.bytesMax,
    ...(events.onTokenized && { onTokenized: events.onTokenized }),
    onBatch: (report) => {
      health.worked();
      events.onBatch?.(report);
    },
    onFailed: (error) => health.failed(error),
  });
  return {
    ...{ queue, dimensions, maxTokens, vocabSize, device, precision, description, ...tokenizer.last.special },
    healthy: () => health.healthy,
    async close() {
      health.close();
      await queue.close();
      await Promise.all([tokenizer.close(), set.close()]);
    },
  };
}
