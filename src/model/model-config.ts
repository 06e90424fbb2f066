/** The configuration of a sentence-transformers model, checked against what Cosimo can serve. */
import { join } from 'node:path';
import { JsonFile } from './json-file.ts';
import { type Pooling, readPipelineConfig } from './pipeline-config.ts';
import { type Prompts, readPrompts } from './prompts.ts';
import { readMaxSeqLength } from './sequence-length.ts';

/** Decides how tensors are named and where positions begin. */
export type Architecture = 'bert' | 'roberta' | 'distilbert';

/** A sentence encoder of the BERT family. */
export interface ModelConfig {
  readonly architecture: Architecture;
  readonly hiddenSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly intermediateSize: number;
  readonly layerNormEps: number;
  readonly vocabSize: number;
  /** Rows of the table of positions. */
  readonly maxPositions: number;
  /** The row of the first token; RoBERTa keeps the rows before it for padding. */
  readonly firstPosition: number;
  readonly padTokenId: number;
  /** The model sees at most this many tokens of a text, [CLS] and [SEP] included; at most `maxPositions - firstPosition`. */
  readonly maxSeqLength: number;
  /** Whether tokenizer_config.json decides on `maxSeqLength`: it then affects the vectors. */
  readonly tokenizerConfigDecides: boolean;
  readonly pooling: Pooling;
  /** Whether vectors have L2 norm 1. */
  readonly normalize: boolean;
  readonly prompts: Prompts;
}

const ARCHITECTURES: Readonly<Record<string, Architecture>> = {
  bert: 'bert',
  roberta: 'roberta',
  'xlm-roberta': 'roberta',
  camembert: 'roberta',
  distilbert: 'distilbert',
};

/** Keys of config.json; DistilBERT has its own for the same values. */
const NAMES = {
  hiddenSize: 'hidden_size',
  layers: 'num_hidden_layers',
  heads: 'num_attention_heads',
  intermediateSize: 'intermediate_size',
  activation: 'hidden_act',
};
const DISTILBERT_NAMES: typeof NAMES = {
  hiddenSize: 'dim',
  layers: 'n_layers',
  heads: 'n_heads',
  intermediateSize: 'hidden_dim',
  activation: 'activation',
};
/** Fixed in DistilBERT's code, absent from its config.json. */
const DISTILBERT_LAYER_NORM_EPS = 1e-12;

/** @throws CosimoError `model_invalid`, a sentence naming the file and what in it Cosimo can't serve */
export async function readModelConfig(dir: string): Promise<ModelConfig> {
  const file = await JsonFile.read(join(dir, 'config.json'), 'required');
  const architecture = architectureOf(file);
  const names = architecture === 'distilbert' ? DISTILBERT_NAMES : NAMES;
  file.expect(names.activation, 'gelu');
  file.expect('position_embedding_type', 'absolute', 'absolute');
  const [hiddenSize, heads] = [file.count(names.hiddenSize), file.count(names.heads)];
  if (hiddenSize % heads !== 0)
    throw file.invalid(`has ${names.hiddenSize} ${hiddenSize}, which ${heads} heads can't share`);
  const { pooling, normalize, includePrompt } = await readPipelineConfig(dir);
  return {
    architecture,
    hiddenSize,
    heads,
    pooling,
    normalize,
    layers: file.count(names.layers),
    intermediateSize: file.count(names.intermediateSize),
    layerNormEps: architecture === 'distilbert' ? DISTILBERT_LAYER_NORM_EPS : file.number('layer_norm_eps'),
    vocabSize: file.count('vocab_size'),
    ...(await readPositions(file, architecture, dir)),
    prompts: await readServedPrompts(dir, includePrompt),
  };
}

function architectureOf(file: JsonFile): Architecture {
  const type = file.value('model_type');
  const architecture = typeof type === 'string' && Object.hasOwn(ARCHITECTURES, type) ? ARCHITECTURES[type] : undefined;
  if (architecture === undefined) {
    const served = Object.keys(ARCHITECTURES).join(', ');
    throw file.invalid(`has model_type ${JSON.stringify(type)}; Cosimo serves ${served}`);
  }
  return architecture;
}

async function readPositions(file: JsonFile, architecture: Architecture, dir: string) {
  const maxPositions = file.count('max_position_embeddings');
  const padTokenId = file.number('pad_token_id', architecture === 'roberta' ? 1 : 0);
  const firstPosition = architecture === 'roberta' ? padTokenId + 1 : 0;
  const usable = maxPositions - firstPosition;
  if (usable < 1) {
    throw file.invalid(`has max_position_embeddings ${maxPositions}, of which pad_token_id ${padTokenId} leaves none`);
  }
  const { tokens = usable, isOfTokenizer: tokenizerConfigDecides } = await readMaxSeqLength(dir);
  return { maxPositions, firstPosition, padTokenId, maxSeqLength: Math.min(usable, tokens), tokenizerConfigDecides };
}

/** Pooling without the prompt's tokens would need a mask of its own: a model that asks for it is refused. */
async function readServedPrompts(dir: string, includePrompt: boolean): Promise<Prompts> {
  const prompts = await readPrompts(dir);
  if (!includePrompt && Object.values(prompts).some((prompt) => prompt !== '')) {
    const file = await JsonFile.read(join(dir, 'config_sentence_transformers.json'), 'required');
    throw file.invalid('has prompts that the pooling leaves out (include_prompt false); Cosimo pools every token');
  }
  return prompts;
}
