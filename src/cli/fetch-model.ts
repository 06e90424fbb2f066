/** `node src/cli/fetch-model.ts`: makes sure that the model is there, for set-up; MODEL and MODEL_DIR say which. */
import { errorCodeOf } from '../errors.ts';
import { DEFAULT_MODEL } from '../model/source/manifest.ts';
import { resolveModel } from '../model/source/resolve-model.ts';
import { terminalProgress } from '../model/source/transfer/progress.ts';

const { MODEL, MODEL_DIR } = process.env;

try {
  const { name, dir, source } = await resolveModel({
    model: MODEL || DEFAULT_MODEL.name,
    ...(MODEL_DIR ? { modelDir: MODEL_DIR } : {}),
    progress: terminalProgress(),
    log: (line) => console.error(`cosimo: ${line}`),
  });
  console.log(`cosimo: model ${name} in ${dir} (${source})`);
} catch (error) {
  console.error(errorCodeOf(error) === undefined ? error : `cosimo: ${(error as Error).message}`);
  process.exit(1);
}
