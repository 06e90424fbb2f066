/** An encoder refuses a damaged model with a sentence that names file and fault, and logs which device serves. */
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, test } from 'vitest';
import { testModelDir } from '../support/models/model.ts';
import { testPipeline } from '../support/pipeline.ts';

const scratch = mkdtempSync(join(tmpdir(), 'cosimo-files-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const real = await testModelDir();

describe('an encoder over a damaged model does not start, and says why', () => {
  const start = (modelDir: string) => testPipeline({ modelDir });
  const copy = () => {
    const dir = mkdtempSync(join(scratch, 'model-'));
    cpSync(real, dir, { recursive: true });
    return dir;
  };

  test('weights that are cut', async () => {
    const dir = copy();
    truncateSync(join(dir, 'model.safetensors'), 50_000_000);
    await assert.rejects(start(dir), {
      code: 'model_invalid',
      message: /model\.safetensors is no whole safetensors file: it ends after 50000000/,
    });
  });

  test('weights without one of the layers', async () => {
    const dir = copy();
    const config = JSON.parse(readFileSync(join(dir, 'config.json'), 'utf8'));
    writeFileSync(join(dir, 'config.json'), JSON.stringify({ ...config, num_hidden_layers: 7 }));
    await assert.rejects(start(dir), {
      code: 'model_invalid',
      message: /model\.safetensors lacks the tensor encoder\.layer\.6\./,
    });
  });

  test('a tokenizer that the library refuses', async () => {
    const dir = copy();
    writeFileSync(join(dir, 'tokenizer.json'), '{"model": {"type": "BPE"}}');
    await assert.rejects(start(dir), { code: 'model_invalid', message: /tokenizer\.json cannot be read/ });
  });

  test("another model's tokenizer, with more tokens than vectors", async () => {
    const dir = copy();
    const path = join(dir, 'tokenizer.json');
    const tokenizer = JSON.parse(readFileSync(path, 'utf8')) as { added_tokens: object[] };
    tokenizer.added_tokens.push({ ...tokenizer.added_tokens[0], id: 30_522, content: '[NEW]' });
    writeFileSync(path, JSON.stringify(tokenizer));
    await assert.rejects(start(dir), {
      code: 'model_invalid',
      message: /tokenizer\.json has the token "\[NEW\]" with the id 30522, but config\.json's vocab_size is 30522/,
    });
  });

  test('DEVICE=cuda without CUDA does not start, and says so', async () => {
    await assert.rejects(testPipeline({ encoder: 'auto', device: 'cuda' }), {
      code: 'invalid_setting',
      message: /^DEVICE=cuda, but CUDA cannot be used here/,
    });
  });

  test('ONNX Runtime by DEVICE=auto falls back to the CPU, and says why and with what', async () => {
    const lines: string[] = [];
    const pipeline = await testPipeline(
      { encoder: 'onnx', device: 'auto', precision: 'auto' },
      { log: (line) => lines.push(line) },
    );
    assert.match(pipeline.description, /^ONNX Runtime [\d.]+, cpu, fp32$/);
    assert.match(lines[0] as string, /^CUDA is not available \(.*\); encoding on the CPU in fp32$/);
    assert.deepEqual(lines.slice(1), ['Encoding with 1 worker of 2 threads']);
  });
});
