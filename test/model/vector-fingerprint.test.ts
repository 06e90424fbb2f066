/** A store takes the vectors of one model in one kind of arithmetic. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, test } from 'vitest';
import { loadConfig } from '../../src/config.ts';
import { vectorFingerprint } from '../../src/model/vector-fingerprint.ts';
import { openStore } from '../../src/store/open-store.ts';

const dir = mkdtempSync(join(tmpdir(), 'cosimo-fingerprint-'));
afterAll(() => rmSync(dir, { recursive: true }));
const model = { name: 'org/model', fingerprint: 'abc' };
const config = (settings: Record<string, string>) => loadConfig({ DATA_DIR: dir, ...settings });

test('fp32, fp16 and bf16 are one kind, whatever encodes; int8 is a kind of its own', () => {
  const kind = (settings: Record<string, string>) => vectorFingerprint(model.fingerprint, config(settings).PRECISION);
  for (const PRECISION of ['auto', 'fp32', 'fp16', 'bf16']) {
    for (const ENCODER of ['auto', 'native', 'onnx']) assert.equal(kind({ PRECISION, ENCODER }), 'abc-fp32');
  }
  assert.equal(kind({ PRECISION: 'int8' }), 'abc-int8');
});

test('a store of one kind is refused to the other with the sentence that says what to do', async () => {
  const open = (PRECISION: string) =>
    openStore(dir, {
      dimensions: 2,
      fingerprint: vectorFingerprint(model.fingerprint, PRECISION),
      modelName: model.name,
    });
  const first = open('auto');
  await first.put({ id: 'a', text: 'a', metadata: '{}' }, Float32Array.of(1, 0));
  await first.close();
  await open('bf16').close();
  assert.throws(() => open('int8'), {
    code: 'index_model_mismatch',
    message: /made by org\/model \(abc-fp32\), not by org\/model \(abc-int8\): .*`npm run re-embed`/,
  });
});
