/** What is in a model's folder: the real one is read right, others are refused with a sentence that names file and fault. */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, test } from 'node:test';
import fc from 'fast-check';
import { EncoderThread } from '../src/encoder/encoder-thread.ts';
import { readModelConfig } from '../src/model/model-config.ts';
import { readSafetensorsHeader } from '../src/model/safetensors.ts';
import { testModelDir } from './support/model.ts';

const scratch = mkdtempSync(join(tmpdir(), 'cosimo-files-'));
after(() => rmSync(scratch, { recursive: true, force: true }));
const real = await testModelDir();

describe('config', () => {
  test('the real model', async () => {
    assert.deepEqual(await readModelConfig(real), {
      ...{ hiddenSize: 384, layers: 6, heads: 12, layerNormEps: 1e-12, padTokenId: 0, maxSeqLength: 256 },
    });
  });

  const refused: [file: string, change: object | string, message: RegExp][] = [
    ['config.json', { model_type: 'roberta' }, /config\.json has model_type "roberta"; Cosimo serves "bert"/],
    ['config.json', { hidden_act: 'relu' }, /config\.json has hidden_act "relu"/],
    ['config.json', { position_embedding_type: 'relative_key' }, /position_embedding_type "relative_key"/],
    ['config.json', { num_hidden_layers: 0 }, /num_hidden_layers 0, which is no count/],
    ['config.json', { hidden_size: '384' }, /no number as hidden_size/],
    ['config.json', '{', /config\.json cannot be read/],
    [
      '1_Pooling/config.json',
      { pooling_mode_cls_token: true },
      /asks for pooling_mode_cls_token, pooling_mode_mean_tokens/,
    ],
    ['1_Pooling/config.json', { pooling_mode_mean_tokens: false }, /asks for no pooling/],
    ['modules.json', '[{"type": "sentence_transformers.models.Transformer"}]', /lists Transformer; Cosimo serves/],
    ['sentence_bert_config.json', { max_seq_length: 'long' }, /no number as max_seq_length/],
  ];
  for (const [file, change, message] of refused) {
    test(`${file} ${JSON.stringify(change)} is refused`, async () => {
      const dir = mkdtempSync(join(scratch, 'config-'));
      for (const name of ['config.json', 'modules.json', '1_Pooling/config.json', 'sentence_bert_config.json']) {
        mkdirSync(dirname(join(dir, name)), { recursive: true });
        cpSync(join(real, name), join(dir, name));
      }
      const whole =
        typeof change === 'string'
          ? change
          : JSON.stringify({ ...JSON.parse(readFileSync(join(dir, file), 'utf8')), ...change });
      writeFileSync(join(dir, file), whole);
      await assert.rejects(readModelConfig(dir), { code: 'model_invalid', message });
    });
  }
});

describe('safetensors', () => {
  const path = join(scratch, 'x.safetensors');
  const write = (header: string | object, dataBytes: number, length?: bigint) => {
    const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
    const prefix = Buffer.alloc(8);
    prefix.writeBigUInt64LE(length ?? BigInt(json.length));
    writeFileSync(path, Buffer.concat([prefix, json, Buffer.alloc(dataBytes)]));
  };
  const tensor = (more: object = {}) => ({ t: { dtype: 'F32', shape: [2, 3], data_offsets: [0, 24], ...more } });

  test('the real weights', async () => {
    const tensors = await readSafetensorsHeader(join(real, 'model.safetensors'));
    const words = tensors.get('embeddings.word_embeddings.weight');
    assert.deepEqual([words?.dtype, words?.shape, words?.byteLength], ['F32', [30_522, 384], 30_522 * 384 * 4]);
  });

  test('offsets count from the beginning of the file', async () => {
    write({ __metadata__: { format: 'pt' }, ...tensor() }, 24);
    const [[name, found] = []] = [...(await readSafetensorsHeader(path))];
    assert.equal(name, 't');
    assert.equal((found?.byteOffset as number) + 24, readFileSync(path).length);
  });

  const faults: [name: string, make: () => void, message: RegExp][] = [
    ['an empty file', () => writeFileSync(path, ''), /ends after 0 bytes, within its header/],
    ['a header longer than the file', () => write(tensor(), 0, 1000n), /within its header/],
    ['a header of absurd length', () => write(tensor(), 24, 1n << 60n), /its header would be/],
    ['a header that is no JSON', () => write('{"t": ', 24), /no whole safetensors file/],
    ['a header that is no object', () => write('[]', 24), /is no object/],
    ['data that is cut', () => write(tensor(), 23), /within t$/],
    ['an unknown type', () => write(tensor({ dtype: 'Q4' }), 24), /t has the unknown type Q4/],
    ['a type from the prototype', () => write(tensor({ dtype: 'constructor' }), 24), /unknown type/],
    [
      'a shape that needs more',
      () => write(tensor({ shape: [2, 4] }), 24),
      /t takes 24 bytes where its shape needs 32/,
    ],
    ['offsets the wrong way round', () => write(tensor({ data_offsets: [24, 0] }), 24), /t takes -24 bytes/],
    ['a negative dimension', () => write(tensor({ shape: [-2, -3] }), 24), /t has no shape/],
  ];
  for (const [name, make, message] of faults) {
    test(`${name} is refused`, async () => {
      make();
      await assert.rejects(readSafetensorsHeader(path), { code: 'model_invalid', message });
    });
  }

  test('any bytes are either a header or a sentence', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), fc.boolean(), async (bytes, prefixed) => {
        if (prefixed) write(Buffer.from(bytes).toString('latin1'), 0);
        else writeFileSync(path, bytes);
        await readSafetensorsHeader(path).catch((error) => assert.equal(error.code, 'model_invalid'));
      }),
      { numRuns: 300 },
    );
  });
});

describe('an encoder over a damaged model does not start, and says why', () => {
  const start = (modelDir: string) =>
    EncoderThread.start({ modelDir, device: 'cpu', threads: 1, batchTokens: 512 }, () => {});
  const copy = () => {
    const dir = mkdtempSync(join(scratch, 'model-'));
    cpSync(real, dir, { recursive: true });
    return dir;
  };

  test('cut weights', async () => {
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

  test('another kind of tokenizer', async () => {
    const dir = copy();
    writeFileSync(join(dir, 'tokenizer.json'), '{"model": {"type": "BPE"}}');
    await assert.rejects(start(dir), { code: 'model_invalid', message: /tokenizer\.json holds a BPE tokenizer/ });
  });

  test('a device that is not there', async () => {
    await assert.rejects(
      EncoderThread.start({ modelDir: real, device: 'cuda', threads: 1, batchTokens: 512 }, () => {}),
      {
        code: 'invalid_setting',
        message: /^DEVICE=cuda, but CUDA cannot be used here/,
      },
    );
  });

  test('DEVICE=auto falls back to the CPU with one line', async () => {
    const lines: string[] = [];
    const encoder = await EncoderThread.start(
      { modelDir: real, device: 'auto', threads: 1, batchTokens: 512 },
      (line) => lines.push(line),
    );
    assert.match(encoder.description, /^ONNX Runtime [\d.]+, cpu, fp32$/);
    assert.equal(lines.length, 1);
    assert.match(lines[0] as string, /^CUDA is not available \(.*\); encoding on the CPU$/);
    await encoder.close();
  });
});
