/** The folder of the real model. */
import { resolveModel } from '../../../src/model/source/resolve-model.ts';

/** The folder of the real model, which `npm test` has fetched; MODEL and MODEL_DIR name another one. */
export async function testModelDir(): Promise<string> {
  const { MODEL = 'sentence-transformers/all-MiniLM-L6-v2', MODEL_DIR } = process.env;
  const { dir } = await resolveModel({ model: MODEL, ...(MODEL_DIR ? { modelDir: MODEL_DIR } : {}), log: () => {} });
  return dir;
}
