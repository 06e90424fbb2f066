/** Puts tokenizer, queue and encoders of one model together. */
import { ProbedHealth } from '../base/probed-health.ts';
import type { EncoderFacts } from './encoder.ts';
import type { TextSample } from './encoder-speed.ts';
import type { PipelineOptions } from './pipeline-options.ts';
import { BatchQueue } from './queue/batch-queue.ts';
import { DEFAULT_BATCH_TOKENS } from './queue/batch-tokens.ts';
import type { BatchReport, TokenizeReport } from './queue/queue-reports.ts';
import { startEncoders } from './start-encoders.ts';
import { superviseEncodingThread } from './thread-errors.ts';
import type { TokenizedText } from './tokenizer/tokenizer.ts';
import { TokenizerThread } from './tokenizer/tokenizer-thread.ts';

export interface PipelineEvents {
  readonly log: (line: string) => void;
  readonly onTokenized?: (report: TokenizeReport) => void;
  readonly onBatch?: (report: BatchReport) => void;
  /** A thread has died and is being started again. */
  readonly onRestart?: () => void;
}

export interface EncodingPipeline extends Omit<EncoderFacts, 'pads'> {
  readonly queue: BatchQueue;
  /** The model sees at most this many tokens of a text. */
  readonly maxTokens: number;
  readonly vocabSize: number;
  /** Token ids that the tokenizer puts before and after a text: [CLS] and [SEP]. */
  readonly prefix: readonly number[];
  readonly suffix: readonly number[];
  /** Native memory of the encoder; 0 with ONNX Runtime, which doesn't report it. */
  readonly encoderMemoryBytes: () => number;
  /** False once a text has failed for good, until a batch is encoded. */
  readonly healthy: () => boolean;
  readonly close: () => Promise<void>;
}

/** Encoders are measured with this text. */
const SAMPLE_TEXT = 'How long does it take to encode a sentence of some ten words?';

/** Encoded for real, from no cache, to find out whether the encoder works again. */
const PROBE_TEXT = 'Is the model able to encode?';

/** @throws CosimoError `model_invalid`; `invalid_setting` when a device can't be had */
export async function startPipeline(options: PipelineOptions, events: PipelineEvents): Promise<EncodingPipeline> {
  const { model } = options;
  const { log, onRestart = () => {} } = events;
  const { vocabSize, maxSeqLength: maxTokens } = model.config;
  const restarted = (what: string) => {
    log(`The ${what}'s thread has ended; it is started again`);
    onRestart();
  };
  const startTokenizer = () => TokenizerThread.start({ model: { dir: model.dir, config: model.config } }, log);
  const startingTokenizer = startTokenizer();
  // Encoders load their weights meanwhile, and wait for the sample before they are measured.
  const sample = startingTokenizer.then((tokenizer) => tokenizeSample(tokenizer, maxTokens));
  sample.catch(() => {}); // the tokenizer's failure is thrown below
  const startingEncoders = startEncoders({ ...options, sample, log, onRestart: () => restarted('encoder') });
  startingEncoders.catch(() => startingTokenizer.then((tokenizer) => tokenizer.close()).catch(() => {}));
  const firstTokenizer = await startingTokenizer.catch(async (error) => {
    await startingEncoders.catch(() => {}); // it closes what it has started
    throw error;
  });
  const set = await startingEncoders;
  const tokenizer = superviseEncodingThread(firstTokenizer, startTokenizer, () => restarted('tokenizer'));
  const { dimensions, device, precision, description, pads } = set.facts;
  const health = new ProbedHealth(
    () => Promise.all(queue.enqueue([PROBE_TEXT])),
    (error) => log(`Inference failed: ${error.message}`),
  );
  const queue: BatchQueue = new BatchQueue({
    tokenize: async (texts) => (await tokenizer.get()).tokenize(texts),
    encoders: set.encoders,
    maxTokens,
    pads,
    batchTokens: options.batchTokens || DEFAULT_BATCH_TOKENS[device],
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
    ...firstTokenizer.special,
    queue,
    dimensions,
    maxTokens,
    vocabSize,
    device,
    precision,
    description,
    encoderMemoryBytes: set.memoryBytes,
    healthy: () => health.healthy,
    async close() {
      health.close();
      await queue.close();
      await Promise.all([tokenizer.close(), set.close()]);
    },
  };
}

async function tokenizeSample(tokenizer: TokenizerThread, maxTokens: number): Promise<TextSample> {
  const [{ ids }] = (await tokenizer.tokenize([SAMPLE_TEXT])) as [TokenizedText];
  return { ids, maxTokens };
}
