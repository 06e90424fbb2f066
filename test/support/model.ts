import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { resolveModel } from '../../src/model/resolve-model.ts';

/** The folder of the real model, which set-up has fetched. */
export async function testModelDir(): Promise<string> {
  const { MODEL = 'sentence-transformers/all-MiniLM-L6-v2', MODEL_DIR } = process.env;
  const { dir } = await resolveModel({ model: MODEL, ...(MODEL_DIR ? { modelDir: MODEL_DIR } : {}), log: () => {} });
  return dir;
}

/** A word whose token the model of `modelWithBrokenToken` doesn't have. */
export const BROKEN_WORD = 'zyzzyva';

/** The real model with a tokenizer that names a token past its table: inference fails on that one, in earnest. */
export async function modelWithBrokenToken(): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), 'cosimo-broken-model-'));
  after(() => rmSync(dir, { recursive: true }));
  cpSync(await testModelDir(), dir, { recursive: true });
  const path = join(dir, 'tokenizer.json');
  const tokenizer = JSON.parse(readFileSync(path, 'utf8')) as { model: { vocab: Record<string, number> } };
  tokenizer.model.vocab[BROKEN_WORD] = 99_999;
  writeFileSync(path, JSON.stringify(tokenizer));
  return dir;
}
