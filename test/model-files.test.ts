/** What is in a model's folder: the real one is read right, others are refused with a sentence that names file and fault. */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, test } from 'node:test';
import { EncoderThread } from '../src/encoder/encoder-thread.ts';
import { readModelConfig } from '../src/model/model-config.ts';
import { testModelDir } from './support/model.ts';

const scratch = mkdtempSync(join(tmpdir(), 'cosimo-files-'));
after(() => rmSync(scratch, { recursive: true, force: true }));
const real = await testModelDir();

const CONFIGS = [
  ...['config.json', 'modules.json', '1_Pooling/config.json'],
  ...['sentence_bert_config.json', 'config_sentence_transformers.json'],
];
const modulesWithPoolingIn = (path: string) =>
  JSON.stringify([{ type: 'x.Transformer' }, { type: 'x.Pooling', path }, { type: 'x.Normalize' }]);

describe('config', () => {
  test('the real model', async () => {
    assert.deepEqual(await readModelConfig(real), {
      ...{ hiddenSize: 384, layers: 6, heads: 12, intermediateSize: 1536, layerNormEps: 1e-12, vocabSize: 30_522 },
      ...{ maxPositions: 512, padTokenId: 0, maxSeqLength: 256, pooling: 'mean', normalize: true },
    });
  });

  const refused: [file: string, change: object | string, message: RegExp][] = [
    ['config.json', { model_type: 'roberta' }, /config\.json has model_type "roberta"; Cosimo serves "bert"/],
    ['config.json', { hidden_act: 'relu' }, /config\.json has hidden_act "relu"/],
    ['config.json', { position_embedding_type: 'relative_key' }, /position_embedding_type "relative_key"/],
    ['config.json', { num_hidden_layers: 0 }, /num_hidden_layers 0, which is no count/],
    ['config.json', { hidden_size: '384' }, /no number as hidden_size/],
    ['config.json', { num_attention_heads: 7 }, /hidden_size 384, which 7 heads can't share/],
    ['config.json', '{', /config\.json cannot be read/],
    ['config.json', '[]', /config\.json holds no JSON object/],
    ['config_sentence_transformers.json', { default_prompt_name: 'query' }, /default_prompt_name "query"/],
    ['sentence_bert_config.json', { do_lower_case: true }, /do_lower_case true/],
    ['modules.json', '[null]', /lists undefined; Cosimo serves/],
    ['modules.json', '{}', /modules\.json is missing or no list/],
    ['modules.json', modulesWithPoolingIn('../1_Pooling'), /pooling in "\.\.\/1_Pooling", which is no folder here/],
    ['1_Pooling/config.json', '7', /config\.json holds no JSON object/],
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
      for (const name of CONFIGS) {
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
