/** The configuration in a model's files: read correctly, or refused with a sentence that names file and fault. */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, test } from 'vitest';
import { type ModelConfig, readModelConfig } from '../../src/model/model-config.ts';
import { testModelDir } from '../support/models/model.ts';

const scratch = mkdtempSync(join(tmpdir(), 'cosimo-config-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const real = await testModelDir();

const CONFIGS = [
  'config.json',
  'modules.json',
  '1_Pooling/config.json',
  'sentence_bert_config.json',
  'config_sentence_transformers.json',
];
const transformer = { type: 'x.Transformer', path: '' };
const pooling = { type: 'x.Pooling', path: '1_Pooling' };
const withModules = (...kinds: string[]) =>
  JSON.stringify(kinds.map((kind) => ({ type: `x.${kind}`, path: kind === 'Transformer' ? '' : '1_Pooling' })));
const modulesWithPoolingIn = (path: string) =>
  JSON.stringify([{ type: 'x.Transformer' }, { type: 'x.Pooling', path }, { type: 'x.Normalize' }]);

/** The real model's settings with some of them changed; a string is a whole file. */
function realWith(changes: Readonly<Record<string, object | string>>): string {
  const dir = mkdtempSync(join(scratch, 'config-'));
  for (const name of CONFIGS) {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    cpSync(join(real, name), join(dir, name));
  }
  for (const [name, change] of Object.entries(changes)) {
    const path = join(dir, name);
    mkdirSync(dirname(path), { recursive: true });
    const whole = () => JSON.stringify({ ...JSON.parse(readFileSync(path, 'utf8')), ...(change as object) });
    writeFileSync(path, typeof change === 'string' ? change : whole());
  }
  return dir;
}

describe('config', () => {
  test('the real model', async () => {
    assert.deepEqual(await readModelConfig(real), {
      hiddenSize: 384,
      layers: 6,
      heads: 12,
      intermediateSize: 1536,
      layerNormEps: 1e-12,
      vocabSize: 30_522,
      maxPositions: 512,
      firstPosition: 0,
      padTokenId: 0,
      maxSeqLength: 256,
      tokenizerConfigDecides: false,
      pooling: 'mean',
      normalize: true,
      architecture: 'bert',
      prompts: { text: '', query: '', document: '' },
    });
  });

  const refused: [file: string, change: object | string, message: RegExp][] = [
    [
      'config.json',
      { model_type: 'mpnet' },
      /config\.json has model_type "mpnet"; Cosimo serves bert, roberta, xlm-roberta, camembert, distilbert\.$/,
    ],
    ['config.json', { model_type: 'toString' }, /config\.json has model_type "toString"/],
    ['config.json', { model_type: 'distilbert' }, /config\.json has activation undefined/],
    [
      'config.json',
      { model_type: 'roberta', max_position_embeddings: 2, pad_token_id: 1 },
      /max_position_embeddings 2, of which pad_token_id 1 leaves none/,
    ],
    ['config.json', { hidden_act: 'relu' }, /config\.json has hidden_act "relu"/],
    ['config.json', { position_embedding_type: 'relative_key' }, /position_embedding_type "relative_key"/],
    ['config.json', { num_hidden_layers: 0 }, /num_hidden_layers 0, which is no count/],
    ['config.json', { hidden_size: '384' }, /no number as hidden_size/],
    ['config.json', { num_attention_heads: 7 }, /hidden_size 384, which 7 heads can't share/],
    ['config.json', '{', /config\.json cannot be read/],
    ['config.json', '[]', /config\.json holds no JSON object/],
    [
      'config_sentence_transformers.json',
      { default_prompt_name: 'query' },
      /default_prompt_name "query", which is none of its prompts \(none\)/,
    ],
    ['sentence_bert_config.json', { do_lower_case: true }, /do_lower_case true/],
    ['modules.json', '[null]', /lists undefined; Cosimo serves/],
    ['modules.json', '{}', /modules\.json is missing or no list/],
    ['modules.json', modulesWithPoolingIn('../1_Pooling'), /pooling in "\.\.\/1_Pooling", which is no folder here/],
    ['1_Pooling/config.json', '7', /config\.json holds no JSON object/],
    [
      '1_Pooling/config.json',
      { pooling_mode_cls_token: true },
      /asks for cls, mean; Cosimo serves one pooling of mean, cls, max\.$/,
    ],
    ['1_Pooling/config.json', { pooling_mode: 'lasttoken' }, /asks for lasttoken; Cosimo serves one/],
    ['1_Pooling/config.json', { pooling_mode: ['mean', 'max'] }, /asks for mean, max; Cosimo serves one/],
    ['1_Pooling/config.json', { pooling_mode: 'constructor' }, /asks for constructor; Cosimo serves one/],
    [
      '1_Pooling/config.json',
      { pooling_mode_mean_tokens: false, pooling_mode_weightedmean_tokens: true },
      /asks for pooling_mode_weightedmean_tokens; Cosimo serves one/,
    ],
    ['1_Pooling/config.json', { pooling_mode_mean_tokens: 'yes' }, /asks for pooling_mode_mean_tokens "yes"/],
    ['1_Pooling/config.json', { include_prompt: 'no' }, /include_prompt that is neither true nor false/],
    ['1_Pooling/config.json', { pooling_mode_mean_tokens: false }, /asks for no pooling/],
    ['modules.json', '[{"type": "sentence_transformers.models.Transformer"}]', /lists Transformer; Cosimo serves/],
    [
      'modules.json',
      withModules('Transformer', 'Pooling', 'Dense'),
      /lists Transformer, Pooling, Dense; Cosimo serves/,
    ],
    ['modules.json', withModules('Transformer', 'Normalize', 'Pooling'), /lists Transformer, Normalize, Pooling;/],
    ['modules.json', JSON.stringify([{ type: 'x.Transformer', path: '0_T' }, pooling]), /Transformer in "0_T"/],
    [
      'modules.json',
      JSON.stringify([transformer, pooling, { type: 'x.Normalize', path: '/' }]),
      /normalization in "\/"/,
    ],
    ['2_Normalize/config.json', '{"module_input_name": "token_embeddings"}', /module_input_name "token_embeddings"/],
    ['config_sentence_transformers.json', { default_prompt_name: 7 }, /default_prompt_name 7, which is none of its/],
    ['config_sentence_transformers.json', { prompts: ['a'] }, /has prompts that are no object/],
    ['config_sentence_transformers.json', { prompts: { query: 7 } }, /has a prompt query that is no text/],
    ['sentence_bert_config.json', { query_expansion: { length: 32 } }, /query_expansion \{"length":32\}/],
    ['sentence_bert_config.json', { max_seq_length: 'long' }, /no number as max_seq_length/],
  ];
  for (const [file, change, message] of refused) {
    test(`${file} ${JSON.stringify(change)} is refused`, async () => {
      await assert.rejects(readModelConfig(realWith({ [file]: change })), { code: 'model_invalid', message });
    });
  }

  test('prompts that the pooling leaves out are refused; without prompts there is nothing to leave out', async () => {
    const leavesOut = { '1_Pooling/config.json': { include_prompt: false } };
    const prompted = { ...leavesOut, 'config_sentence_transformers.json': { prompts: { passage: 'a: ' } } };
    await assert.rejects(readModelConfig(realWith(prompted)), {
      code: 'model_invalid',
      message: /config_sentence_transformers\.json has prompts that the pooling leaves out \(include_prompt false\)/,
    });
    assert.equal((await readModelConfig(realWith(leavesOut))).pooling, 'mean');
  });

  const prompts: [name: string, settings: object, expected: ModelConfig['prompts']][] = [
    [
      'a default for all',
      { prompts: { a: 'A ' }, default_prompt_name: 'a' },
      { text: 'A ', query: 'A ', document: 'A ' },
    ],
    ['none', { prompts: {}, default_prompt_name: null }, { text: '', query: '', document: '' }],
    ['query and passage', { prompts: { query: 'q: ', passage: 'p: ' } }, { text: '', query: 'q: ', document: 'p: ' }],
    ['corpus comes last', { prompts: { corpus: 'c ', passage: 'p ' } }, { text: '', query: '', document: 'p ' }],
    [
      'an empty one is one',
      { prompts: { query: '', document: '', passage: 'p ', a: 'A ' }, default_prompt_name: 'a' },
      { text: 'A ', query: '', document: '' },
    ],
    [
      'null is an empty one',
      { prompts: { query: null, a: 'A' }, default_prompt_name: 'a' },
      { text: 'A', query: '', document: 'A' },
    ],
  ];
  for (const [name, settings, expected] of prompts) {
    test(`prompts: ${name}`, async () => {
      const dir = realWith({ 'config_sentence_transformers.json': settings });
      assert.deepEqual((await readModelConfig(dir)).prompts, expected);
    });
  }

  const lengths: [name: string, changes: Readonly<Record<string, object | string>>, expected: number][] = [
    ['max_seq_length, whatever the tokenizer says', { 'tokenizer_config.json': '{"model_max_length": 99}' }, 256],
    ['no more than there are positions', { 'sentence_bert_config.json': { max_seq_length: 1000 } }, 512],
    [
      "the tokenizer's where sentence-transformers wrote it there",
      { 'sentence_bert_config.json': { max_seq_length: null }, 'tokenizer_config.json': '{"model_max_length": 99}' },
      99,
    ],
    [
      'a tokenizer without bound',
      { 'sentence_bert_config.json': { max_seq_length: null }, 'tokenizer_config.json': '{"model_max_length": 1e30}' },
      512,
    ],
    ['nowhere', { 'sentence_bert_config.json': { max_seq_length: null } }, 512],
    [
      'RoBERTa, whose first positions are for padding',
      {
        'sentence_bert_config.json': { max_seq_length: null },
        'config.json': { model_type: 'roberta', pad_token_id: 1 },
      },
      510,
    ],
  ];
  for (const [name, changes, expected] of lengths) {
    test(`length: ${name}`, async () => {
      assert.equal((await readModelConfig(realWith(changes))).maxSeqLength, expected);
    });
  }
});
