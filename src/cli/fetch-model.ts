/** `node src/cli/fetch-model.ts`: fetches the model that MODEL or MODEL_DIR names, unless it is there. `npm test` runs it. */
import { errorCodeOf } from '../errors.ts';
import { DEFAULT_MODEL } from '../model/source/default-model.ts';
import { resolveModel } from '../model/source/resolve-model.ts';
import { terminalProgress } from '../progress.ts';

const { MODEL, MODEL_DIR } = process.env;

try {
  const { name, dir, source } = await resolveModel({
    model: MODEL || DEFAULT_MODEL.name,
    modelDir: MODEL_DIR || undefined,
    progress: terminalProgress(),
    log: (line) => console.error(`cosimo: ${line}`),
  });
  console.log(`cosimo: model ${name} in ${dir} (${source})`);
} catch (error) {
  console.error(errorCodeOf(error) === undefined ? error : `cosimo: ${(error as Error).message}`);
  process.exit(1);
}
