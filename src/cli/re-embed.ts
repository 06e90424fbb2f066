/** `npm run re-embed`: encodes the documents of DATA_DIR with the model that is set now, and makes their store that model's. */
import { type Config, loadConfig, settingsHelp } from '../config.ts';
import { type EncodingPipeline, startPipeline } from '../encoder/encoding-pipeline.ts';
import { pipelineOptions } from '../encoder/pipeline-options.ts';
import type { EncodedText } from '../encoder/queue/waiting-text.ts';
import { errorCodeOf } from '../errors.ts';
import { readModel } from '../model/model.ts';
import { type ResolvedModel, resolveModel } from '../model/source/resolve-model.ts';
import { vectorFingerprint } from '../model/vector-fingerprint.ts';
import { terminalProgress } from '../progress.ts';
import { unitVector } from '../service/unit-vector.ts';
import { onStopSignal } from '../signals.ts';
import { type ReembedProgress, reembed } from '../store/lmdb/re-embed.ts';

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
    modelDir: MODEL_DIR,
    progress: terminalProgress(),
    log,
  });
  const encoding = createEncoding(config, model);
  const progress = documentsProgress(model.name);
  try {
    const outcome = await reembed({
      dir: DATA_DIR,
      fingerprint: vectorFingerprint(model.fingerprint, config.PRECISION),
      modelName: model.name,
      encode: encoding.encode,
      progress,
      signal: stopSignal(),
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

/**
 * Turns documents into vectors as the service does. The encoder starts only with the first batch, so a refused store costs no
 * model load.
 */
function createEncoding(config: Config, model: ResolvedModel) {
  const { dir, config: modelConfig } = model;
  const { prompts, normalize } = modelConfig;
  const start = async () => startPipeline(pipelineOptions(config, await readModel(dir, modelConfig)), { log });
  let starting: Promise<EncodingPipeline> | undefined;
  return {
    async encode(texts: readonly string[]): Promise<readonly Float32Array[]> {
      starting ??= start();
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

/** Shows and counts the documents of this run. First prints how many an earlier run has done. */
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

/** The running batch is finished first: ending a thread within ONNX Runtime would crash the process. */
function stopSignal(): AbortSignal {
  const controller = new AbortController();
  onStopSignal(() => controller.abort());
  return controller.signal;
}

try {
  await main();
} catch (error) {
  console.error(errorCodeOf(error) === undefined ? error : `cosimo: ${(error as Error).message}`);
  process.exitCode = 1;
}
