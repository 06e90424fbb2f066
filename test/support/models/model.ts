/** The folder of the real model, and a model whose inference fails. */
import { resolveModel } from '../../../src/model/source/resolve-model.ts';
import { onnxModel, WORDS } from './onnx-model.ts';

/** The folder of the real model, which `npm test` has fetched. */
export async function testModelDir(): Promise<string> {
  const { MODEL = 'sentence-transformers/all-MiniLM-L6-v2', MODEL_DIR } = process.env;
  const { dir } = await resolveModel({ model: MODEL, ...(MODEL_DIR ? { modelDir: MODEL_DIR } : {}), log: () => {} });
  return dir;
}

/** A word whose token the model of `modelWithBrokenToken` doesn't have. */
export const BROKEN_WORD = WORDS.at(-1) as string;

/** A tiny model whose table lacks the last token's row: it starts, and a real inference fails on that token. */
export async function modelWithBrokenToken(): Promise<string> {
  return onnxModel({ rows: WORDS.length - 1 });
}
