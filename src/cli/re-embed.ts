/** `npm run re-embed`: the documents of DATA_DIR are encoded with the model that is set now, and their store is its then. */
import { type Config, loadConfig, settingsHelp } from '../config.ts';
import { type EncodingPipeline, startPipeline } from '../encoder/encoding-pipeline.ts';
import type { EncodedText } from '../encoder/queue/waiting-text.ts';
import { errorCodeOf } from '../errors.ts';
import { readModelConfig } from '../model/model-config.ts';
import { resolveModel } from '../model/source/resolve-model.ts';
import { terminalProgress } from '../model/source/transfer/progress.ts';
import { pipelineOptions } from '../pipeline-options.ts';
import { unitVector } from '../service/unit-vector.ts';
import { type ReembedProgress, reembed } from '../store/lmdb/re-embed.ts';
import { vectorFingerprint } from '../vector-fingerprint.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const SAME_WISH_MS = 1000;

const log = (line: string) => console.error(`cosimo: ${line}`);
const say = (sentence: string) => console.log(`cosimo: ${sentence}`);
const plural = (documents: number) => `${documents} ${documents === 1 ? 'document' : 'documents'}`;

async function main(): Promise<void> {
  if (process.argv.includes('--help')) return void process.stdout.write(settingsHelp('npm run re-embed'));
  const started_ms = performance.now();
  const config = loadConfig(process.env);
  const { MODEL, MODEL_DIR, DATA_DIR } = config;
  if (DATA_DIR === ':memory:') return say('DATA_DIR=:memory: keeps no documents: there is nothing to encode again.');
  const model = await resolveModel({
    model: MODEL,
    ...(MODEL_DIR === undefined ? {} : { modelDir: MODEL_DIR }),
    progress: terminalProgress(),
    log,
  });
  const encoding = createEncoding(config, model.dir);
  const progress = documentsProgress(model.name);
  try {
    const outcome = await reembed({
      ...{ dir: DATA_DIR, fingerprint: vectorFingerprint(model, config), modelName: model.name },
      ...{ encode: encoding.encode, progress, signal: abortedBySignals() },
    });
    progress.stop();
    if (outcome.kind === 'empty')
      return say(`DATA_DIR=${DATA_DIR} holds no documents: there is nothing to encode again.`);
    const held = `DATA_DIR=${DATA_DIR} holds the vectors of ${model.name}`;
    if (outcome.kind === 'current') return say(`${held} already: there is nothing to encode again.`);
    const elapsed_s = ((performance.now() - started_ms) / 1000).toFixed(1);
    say(`${plural(progress.encoded())} encoded in ${elapsed_s} s. ${held} now (${plural(outcome.documents)}).`);
  } finally {
    progress.stop();
    await encoding.close();
  }
}

/** How documents become vectors, as the service does it. The encoder starts with the first texts: most of what can be refused is by then. */
function createEncoding(config: Config, modelDir: string) {
  let starting: Promise<EncodingPipeline> | undefined;
  return {
    async encode(texts: readonly string[]): Promise<readonly Float32Array[]> {
      const { prompts, normalize } = await readModelConfig(modelDir);
      starting ??= startPipeline(pipelineOptions(config, modelDir), { log });
      const { queue } = await starting;
      const inputs = texts.map((text) => prompts.document + text);
      const unique = [...new Set(inputs)];
      const encoded = await Promise.all(queue.enqueue(unique));
      const vectors = new Map(unique.map((input, at) => [input, (encoded[at] as EncodedText).vector]));
      return inputs.map((input) => {
        const vector = vectors.get(input) as Float32Array;
        return normalize ? vector : unitVector(vector);
      });
    },
    async close(): Promise<void> {
      const pipeline = await starting?.catch(() => undefined); // a failed start was thrown by encode
      await pipeline?.close();
    },
  };
}

/** The documents of this run are what is shown and counted; those of an earlier one are said in a line before. */
function documentsProgress(modelName: string): ReembedProgress & { stop(): void; encoded(): number } {
  const shown = terminalProgress(process.stderr, { name: 'documents', show: String });
  let encoded = 0;
  return {
    start({ documents, done, from }) {
      log(`The vectors were made by ${from}; encoding ${plural(documents)} with ${modelName}.`);
      if (done > 0) log(`Going on where an earlier run stopped: ${plural(done)} done already.`);
      if (done < documents) shown.start('Encoding', documents - done);
    },
    advance(documents) {
      encoded += documents;
      shown.advance(documents);
    },
    stop: () => shown.stop(),
    encoded: () => encoded,
  };
}

/** The batch under way is finished first: a thread that is ended within ONNX Runtime takes the process with it. */
function abortedBySignals(): AbortSignal {
  const controller = new AbortController();
  let asked_ms: number | undefined;
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      // One wish may come twice, from a terminal and again through npm; a later signal is another wish.
      if (asked_ms !== undefined && performance.now() - asked_ms > SAME_WISH_MS) process.exit(1);
      asked_ms ??= performance.now();
      controller.abort();
    });
  }
  return controller.signal;
}

try {
  await main();
} catch (error) {
  console.error(errorCodeOf(error) === undefined ? error : `cosimo: ${(error as Error).message}`);
  process.exitCode = 1;
}
