/** A batch queue whose encoder waits until the test completes a batch. A text has one token for each character. */
import { BatchQueue, type BatchQueueOptions } from '../../src/encoder/queue/batch-queue.ts';
import type { BatchReport } from '../../src/encoder/queue/queue-reports.ts';
import type { EncodedText } from '../../src/encoder/queue/waiting-text.ts';

export interface HeldQueue {
  readonly queue: BatchQueue;
  /** Lengths of the texts of each batch, in tokens. */
  readonly batches: number[][];
  /** The signal of each batch, which fires when no client waits for the batch any more. */
  readonly signals: AbortSignal[];
  readonly reports: BatchReport[];
  readonly failures: Error[];
  readonly turn: () => Promise<void>;
  /** Completes the oldest running batch: the vector of a text is its first token id. */
  readonly finish: () => Promise<void>;
  readonly fail: (error: Error) => Promise<void>;
  /** Completes batches until none runs. */
  readonly finishAll: () => Promise<void>;
}

interface RunningBatch {
  readonly batch: readonly Int32Array[];
  readonly resolve: (vectors: Float32Array) => void;
  readonly reject: (error: Error) => void;
}

export function heldQueue(options: Partial<BatchQueueOptions> & { encoderCount?: number } = {}): HeldQueue {
  const batches: number[][] = [];
  const reports: BatchReport[] = [];
  const failures: Error[] = [];
  const running: RunningBatch[] = [];
  const signals: AbortSignal[] = [];
  const encode = (batch: readonly Int32Array[], signal: AbortSignal) => {
    signals.push(signal);
    batches.push(batch.map(({ length }) => length));
    const { promise, resolve, reject } = Promise.withResolvers<Float32Array>();
    running.push({ batch, resolve, reject });
    return promise;
  };
  const queue = new BatchQueue({
    tokenize: async (texts) => texts.map((text) => ({ ids: tokensOf(text), truncated: false })),
    encoders: Array.from({ length: options.encoderCount ?? 1 }, () => encode),
    maxTokens: 256,
    batchTokens: 1000,
    overheadTokens: 0,
    pads: options.pads ?? true,
    tokensMax: 1_000_000,
    bytesMax: 1_000_000,
    onBatch: (report) => reports.push(report),
    onFailed: (error) => failures.push(error),
    ...options,
  });
  const turn = async () => {
    for (let at = 0; at < 3; at += 1) await new Promise(setImmediate);
  };
  const finish = async () => {
    const { batch, resolve } = running.shift() as RunningBatch;
    resolve(Float32Array.from(batch, (ids) => ids[0] as number));
    await turn();
  };
  return {
    queue,
    batches,
    signals,
    reports,
    failures,
    turn,
    finish,
    async fail(error) {
      running.shift()?.reject(error);
      await turn();
    },
    async finishAll() {
      await turn();
      while (running.length > 0) await finish();
    },
  };
}

const tokensOf = (text: string) => Int32Array.from(text, (character) => character.codePointAt(0) as number);

export function one(queue: BatchQueue, text: string, signal?: AbortSignal): Promise<EncodedText> {
  return queue.enqueue([text], signal)[0] as Promise<EncodedText>;
}

/** A text of `tokens` tokens that is unique to its name. */
export function textOf(tokens: number, name = ''): string {
  return name.padEnd(tokens, 'x');
}
