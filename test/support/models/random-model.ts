/** Small models of random weights that the native encoder takes: any architecture, pooling and type, each in a folder of its own. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { layerNames } from '../../../src/model/tensor-names.ts';
import { atEnd } from '../at-end.ts';
import { seededRandom } from '../random.ts';

type FloatType = 'F32' | 'F16' | 'BF16';

export interface RandomModelOptions {
  readonly architecture?: 'bert' | 'roberta' | 'distilbert';
  readonly pooling?: 'mean' | 'cls' | 'max';
  readonly normalize?: boolean;
  readonly dtype?: FloatType;
  readonly hiddenSize?: number;
  readonly heads?: number;
  readonly intermediateSize?: number;
  readonly layers?: number;
  /** The prefix of every tensor's name. */
  readonly prefix?: string;
  /** A tensor that is left out. */
  readonly without?: string;
}

export const VOCABULARY = 40;
/** The id of RoBERTa's `<pad>`. The rows of positions up to it belong to no token. */
export const PAD = 1;
/** Tokens of the longest text. */
export const LONGEST = 48;
const POSITIONS = LONGEST + PAD + 1;
const SEED = 5;

type Shape = readonly number[];
type Model = Required<RandomModelOptions>;

/** @returns a folder that is removed after the tests */
export function randomModel(options: RandomModelOptions = {}): string {
  const model: Model = {
    architecture: 'bert',
    pooling: 'mean',
    normalize: true,
    dtype: 'F32',
    prefix: '',
    without: '',
    hiddenSize: 64,
    heads: 2,
    intermediateSize: 128,
    layers: 2,
    ...options,
  };
  const dir = mkdtempSync(join(tmpdir(), 'cosimo-random-'));
  atEnd(() => rmSync(dir, { recursive: true }));
  mkdirSync(join(dir, '1_Pooling'));
  for (const [name, value] of Object.entries(settings(model))) writeFileSync(join(dir, name), JSON.stringify(value));
  const tensors = shapesOf(model).filter(([name]) => name !== model.without);
  writeFileSync(join(dir, 'model.safetensors'), safetensors(tensors, model));
  return dir;
}

function settings({ architecture, hiddenSize, layers, heads, intermediateSize, pooling, normalize }: Model) {
  const common = { model_type: architecture, vocab_size: VOCABULARY, max_position_embeddings: POSITIONS };
  const sizes =
    architecture === 'distilbert'
      ? { activation: 'gelu', dim: hiddenSize, n_layers: layers, n_heads: heads, hidden_dim: intermediateSize }
      : {
          hidden_act: 'gelu',
          hidden_size: hiddenSize,
          num_hidden_layers: layers,
          num_attention_heads: heads,
          intermediate_size: intermediateSize,
          layer_norm_eps: 1e-5,
          pad_token_id: PAD,
        };
  const kinds = ['Transformer', 'Pooling', ...(normalize ? ['Normalize'] : [])];
  return {
    'config.json': { ...common, ...sizes },
    'modules.json': kinds.map((kind) => ({ type: `x.${kind}`, ...(kind === 'Pooling' && { path: '1_Pooling' }) })),
    '1_Pooling/config.json': { pooling_mode: pooling },
  };
}

function shapesOf({ architecture, hiddenSize: hidden, layers, intermediateSize: wide }: Model): [string, Shape][] {
  const dense = (name: string, outputs: number, inputs: number): [string, Shape][] => [
    [`${name}.weight`, [outputs, inputs]],
    [`${name}.bias`, [outputs]],
  ];
  const norm = (name: string): [string, Shape][] => [
    [`${name}.weight`, [hidden]],
    [`${name}.bias`, [hidden]],
  ];
  const layer = (at: number) => {
    const names = layerNames(architecture, at);
    return [
      ...[...names.queryKeyValue, names.attentionOutput].flatMap((name) => dense(name, hidden, hidden)),
      ...dense(names.intermediate, wide, hidden),
      ...dense(names.output, hidden, wide),
      ...norm(names.attentionNorm),
      ...norm(names.outputNorm),
    ];
  };
  return [
    ['embeddings.word_embeddings.weight', [VOCABULARY, hidden]],
    ['embeddings.position_embeddings.weight', [POSITIONS, hidden]],
    ...(architecture === 'distilbert'
      ? []
      : [['embeddings.token_type_embeddings.weight', [2, hidden]] as [string, Shape]]),
    ...norm('embeddings.LayerNorm'),
    ...Array.from({ length: layers }, (_, at) => layer(at)).flat(),
  ];
}

/** Weights wide enough that every part of the model affects its vectors. */
function safetensors(tensors: readonly [string, Shape][], { dtype, prefix }: Model): Buffer {
  const random = seededRandom(SEED);
  const header: Record<string, unknown> = {};
  const parts: Buffer[] = [];
  let end = 0;
  for (const [name, shape] of tensors) {
    const isGain = /norm\.weight$/i.test(name);
    const spread = shape.length === 2 && !name.includes('embeddings') ? 1.5 / Math.sqrt(shape[1] as number) : 0.3;
    const count = shape.reduce((product, size) => product * size, 1);
    const values = Array.from({ length: count }, () => (isGain ? 1 : 0) + spread * random.gaussian());
    const bytes = bytesOf(values, dtype);
    header[prefix + name] = { dtype, shape, data_offsets: [end, end + bytes.length] };
    end += bytes.length;
    parts.push(bytes);
  }
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, ...parts]);
}

function bytesOf(values: readonly number[], dtype: FloatType): Buffer {
  if (dtype === 'F32') return Buffer.from(Float32Array.from(values).buffer);
  if (dtype === 'F16') return Buffer.from(Float16Array.from(values).buffer);
  const halves = new Uint16Array(Float32Array.from(values).buffer).filter((_, at) => at % 2 === 1);
  return Buffer.from(halves.buffer, halves.byteOffset, halves.byteLength);
}

/** Texts of every length up to the longest, of random tokens. @param floor the lowest token id; 0 includes RoBERTa's `<pad>` */
export function randomTexts(count: number, floor = 0): Int32Array[] {
  const random = seededRandom(SEED);
  return Array.from({ length: count }, (_, at) => {
    const length = 1 + ((at * 7) % LONGEST);
    return Int32Array.from({ length }, () => floor + random.integer(VOCABULARY - floor));
  });
}
