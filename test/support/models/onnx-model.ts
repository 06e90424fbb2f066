/** Folders with an ONNX file written by hand: a token's vector is its row of a table, which a test can compute too. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import {
  attribute,
  ElementType,
  encodeModel,
  externalTensor,
  type NodeProto,
  type TensorProto,
  tensorInfo,
} from '../../../src/encoder/onnx/onnx-proto.ts';
import { atEnd } from '../at-end.ts';

export const WORDS = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', 'river', 'boats', 'stone', 'zyzzyva'];
export const DIMENSIONS = 8;
/** Component `at` of a token's vector. */
export const rowValue = (token: number, at: number) => Math.fround(Math.sin(token * 7 + at * 3 + 1));
/** Component `at` of what a token type adds, if the file has types; type 1 adds far more than type 0. */
export const typeValue = (type: number, at: number) => Math.fround(type * 100 + at / 4);

export interface OnnxModelOptions {
  readonly path?: 'onnx/model.onnx' | 'model.onnx';
  /** Rows of the table; a token past them makes the inference fail. */
  readonly rows?: number;
  readonly hasTokenTypes?: boolean;
  /** Whether the table is in the `_data` file beside the ONNX file. */
  readonly isExternal?: boolean;
  /** Whether the file gives one vector for each text, as if it pooled. */
  readonly isPooled?: boolean;
  readonly output?: string;
  readonly outputType?: 'float' | 'float16';
  /** An input that no caller knows. */
  readonly extraInput?: string;
  /** The size that config.json says. */
  readonly hiddenSize?: number;
  readonly pooling?: 'mean' | 'cls' | 'max';
  readonly normalize?: boolean;
}

/** @returns a folder that is removed after the tests */
export function onnxModel(options: OnnxModelOptions = {}): string {
  const dir = mkdtempSync(join(tmpdir(), 'cosimo-onnx-'));
  atEnd(() => rmSync(dir, { recursive: true }));
  const { path = 'onnx/model.onnx', isExternal = false } = options;
  const write = (name: string, content: string | Uint8Array) => {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), content);
  };
  for (const [name, value] of Object.entries(settings(options))) write(name, JSON.stringify(value));
  write(path, onnxFile(options));
  if (isExternal) write(`${path}_data`, new Uint8Array(Float32Array.from(tableOf(options)).buffer));
  return dir;
}

function settings({ hiddenSize = DIMENSIONS, pooling = 'mean', normalize = true }: OnnxModelOptions) {
  const ends = [2, 3].map((id) => [WORDS[id] as string, { id: WORDS[id], ids: [id], tokens: [WORDS[id]] }]);
  const special = (at: number) => ({ SpecialToken: { id: WORDS[at], type_id: 0 } });
  const text = (id: string) => ({ Sequence: { id, type_id: 0 } });
  return {
    'config.json': {
      model_type: 'bert',
      hidden_act: 'gelu',
      hidden_size: hiddenSize,
      num_hidden_layers: 1,
      num_attention_heads: 1,
      intermediate_size: 8,
      vocab_size: WORDS.length,
      layer_norm_eps: 1e-12,
      max_position_embeddings: 12,
    },
    'modules.json': [
      { type: 'x.Transformer', path: '' },
      { type: 'x.Pooling', path: '1_Pooling' },
      ...(normalize ? [{ type: 'x.Normalize', path: '2_Normalize' }] : []),
    ],
    '1_Pooling/config.json': { pooling_mode: pooling },
    'tokenizer.json': {
      model: {
        type: 'WordPiece',
        unk_token: '[UNK]',
        continuing_subword_prefix: '##',
        max_input_chars_per_word: 100,
        vocab: Object.fromEntries(WORDS.map((word, id) => [word, id])),
      },
      normalizer: { type: 'BertNormalizer', clean_text: true, handle_chinese_chars: true, lowercase: true },
      pre_tokenizer: { type: 'BertPreTokenizer' },
      post_processor: {
        type: 'TemplateProcessing',
        single: [special(2), text('A'), special(3)],
        pair: [special(2), text('A'), special(3), text('B'), special(3)],
        special_tokens: Object.fromEntries(ends),
      },
    },
  };
}

const ONE_VECTOR = [attribute('axes', [1]), attribute('keepdims', 0)];

const tableOf = ({ rows = WORDS.length }: OnnxModelOptions) =>
  Array.from({ length: rows * DIMENSIONS }, (_, at) => rowValue(Math.floor(at / DIMENSIONS), at % DIMENSIONS));

function onnxFile(options: OnnxModelOptions): Uint8Array {
  const { path = 'onnx/model.onnx', rows = WORDS.length, hasTokenTypes, isExternal, extraInput } = options;
  const { output = 'last_hidden_state', outputType = 'float', isPooled = false } = options;
  const inputs = ['input_ids', 'attention_mask', ...(hasTokenTypes ? ['token_type_ids'] : [])];
  const types = [0, 1].flatMap((type) => Array.from({ length: DIMENSIONS }, (_, at) => typeValue(type, at)));
  const node = (
    opType: string,
    input: readonly string[],
    to: string,
    attributes: readonly object[] = [],
  ): NodeProto => ({
    opType,
    domain: '',
    input,
    output: [to],
    attribute: attributes,
  });
  const table: TensorProto = isExternal
    ? externalTensor(
        'table',
        ElementType.float,
        [rows, DIMENSIONS],
        `${path.split('/').at(-1)}_data`,
        0,
        rows * DIMENSIONS * 4,
      )
    : { name: 'table', dims: [rows, DIMENSIONS], dataType: ElementType.float, floatData: tableOf(options) };
  const added = node('Gather', ['types', 'token_type_ids'], 'added');
  return encodeModel(
    {
      name: 'table',
      node: [
        node('Gather', ['table', 'input_ids'], 'rows'),
        ...(hasTokenTypes ? [added, node('Add', ['rows', 'added'], 'sum')] : [node('Identity', ['rows'], 'sum')]),
        isPooled ? node('ReduceMax', ['sum'], 'last', ONE_VECTOR) : node('Identity', ['sum'], 'last'),
        node('Cast', ['last'], output, [attribute('to', ElementType[outputType])]),
      ],
      initializer: [table, { name: 'types', dims: [2, DIMENSIONS], dataType: ElementType.float, floatData: types }],
      input: [
        ...inputs.map((name) => tensorInfo(name, ElementType.int64, ['batch', 'sequence'])),
        ...(extraInput === undefined ? [] : [tensorInfo(extraInput, ElementType.int64, ['batch'])]),
      ],
      output: [tensorInfo(output, ElementType[outputType], ['batch', ...(isPooled ? [] : ['sequence']), DIMENSIONS])],
    },
    { '': 17 },
  );
}
