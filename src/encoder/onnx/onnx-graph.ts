/**
 * The ONNX graph of a sentence encoder of the BERT family over untouched safetensors files: token ids in, vectors out.
 * The graph holds no weights. Each initializer is an offset and a length into a weights file; ONNX Runtime folds the Cast,
 * Transpose and Concat of initializers when it loads. Needs the contrib operators (com.microsoft) of ONNX Runtime.
 */
import type { ModelConfig } from '../../model/model-config.ts';
import { type LayerNames, layerNames } from '../../model/tensor-names.ts';
import type { TensorSource } from '../../model/tensor-source.ts';
import { GraphBuilder, type GraphPrecision } from './graph-builder.ts';
import { addPooling } from './graph-pooling.ts';
import { ElementType, encodeModel, tensorInfo } from './onnx-proto.ts';

const MICROSOFT = 'com.microsoft';

export const GRAPH_INPUTS = { ids: 'input_ids', mask: 'attention_mask' } as const;
export const GRAPH_OUTPUT = 'embedding';

/**
 * @param source the tensors by name; their files are relative to the folder that the session is given for external data
 * @param precision what the encoder computes in; pooling and normalization are always fp32
 * @returns a model: `input_ids`, `attention_mask` int64 [batch, sequence] (right padding) → `embedding` float [batch, hidden]
 * @throws CosimoError `model_invalid` for a tensor that is missing, of another shape or of a type that Cosimo doesn't read
 */
export function buildEncoderGraph(config: ModelConfig, source: TensorSource, precision: GraphPrecision): Uint8Array {
  const graph = new GraphBuilder(source, precision);
  const mask = graph.node('Cast', [GRAPH_INPUTS.mask], 'mask.float', { to: ElementType.float });
  const lengths = maskLengths(graph, mask);
  // The form in which the Attention operator takes right padding.
  const counts = graph.node('Cast', [lengths], 'lengths', { to: ElementType.int32 });
  let hidden = embeddings(graph, config);
  for (let layer = 0; layer < config.layers; layer += 1) hidden = encoderLayer(graph, config, layer, hidden, counts);
  addPooling(graph, config, { hidden, mask, lengths }, GRAPH_OUTPUT);
  return encodeModel(
    {
      name: 'sentence_encoder',
      node: graph.nodes,
      initializer: graph.initializers,
      input: Object.values(GRAPH_INPUTS).map((name) => tensorInfo(name, ElementType.int64, ['batch', 'sequence'])),
      output: [tensorInfo(GRAPH_OUTPUT, ElementType.float, ['batch', config.hiddenSize])],
    },
    { '': 17, [MICROSOFT]: 1 },
  );
}

/**
 * The length of each text, from its mask. It is summed in floats, which are exact here: on a GPU, ONNX Runtime needs cuDNN to
 * sum integers, and nothing else here needs cuDNN.
 */
function maskLengths(graph: GraphBuilder, mask: string): string {
  return graph.node('ReduceSum', [mask, graph.integers('axis1', [1])], 'lengths.float', { keepdims: 0 });
}

function embeddings(graph: GraphBuilder, config: ModelConfig): string {
  const { hiddenSize, vocabSize } = config;
  const table = graph.weight('embeddings.word_embeddings.weight', [vocabSize, hiddenSize]);
  const words = graph.node('Gather', [table, GRAPH_INPUTS.ids], 'words');
  const placed = graph.node('Add', [words, positions(graph, config)], 'words.placed');
  const sum = config.architecture === 'distilbert' ? placed : withTokenType(graph, config, placed);
  return graph.layerNorm('embeddings.LayerNorm', hiddenSize, sum, 'hidden.0', config.layerNormEps);
}

function positions(graph: GraphBuilder, config: ModelConfig): string {
  const table = graph.weight('embeddings.position_embeddings.weight', [config.maxPositions, config.hiddenSize]);
  if (config.architecture === 'roberta')
    return graph.node('Gather', [table, rowsPastPadding(graph, config)], 'positions');
  // A slice of the position table, not Range + Gather: the latter triggers a faulty fusion in ONNX Runtime.
  const sequence = graph.node('Shape', [GRAPH_INPUTS.ids], 'sequence', { start: 1, end: 2 });
  const [zero, axis0] = [graph.integers('zero', [0]), graph.integers('axis0', [0])];
  return graph.node('Slice', [table, zero, sequence, axis0], 'positions');
}

/** RoBERTa numbers the tokens that are not `<pad>`. A text may contain `<pad>` too: that takes the row of padding. */
function rowsPastPadding(graph: GraphBuilder, { padTokenId }: ModelConfig): string {
  const pad = graph.integer('pad', padTokenId);
  const isPad = graph.node('Equal', [GRAPH_INPUTS.ids, pad], 'ids.pad');
  const counted = graph.node('Cast', [graph.node('Not', [isPad], 'ids.token')], 'ids.counted', {
    to: ElementType.int64,
  });
  const count = graph.node('CumSum', [counted, graph.integer('axis1.scalar', 1)], 'positions.count');
  return graph.node('Add', [graph.node('Mul', [count, counted], 'positions.token'), pad], 'positions.row');
}

function withTokenType(graph: GraphBuilder, { hiddenSize }: ModelConfig, placed: string): string {
  const table = graph.weight('embeddings.token_type_embeddings.weight', [null, hiddenSize]);
  const [from, to] = [graph.integers('type.from', [0]), graph.integers('type.to', [1])];
  const type = graph.node('Slice', [table, from, to, graph.integers('type.axis', [0])], 'types');
  return graph.node('Add', [placed, type], 'embeddings.sum');
}

function encoderLayer(graph: GraphBuilder, config: ModelConfig, layer: number, input: string, lengths: string): string {
  const { hiddenSize, intermediateSize, layerNormEps } = config;
  const names = layerNames(config.architecture, layer);
  const local = (name: string) => `${name}.${layer}`;
  const context = attention(graph, config, names, input, lengths, local);
  const attended = graph.dense(names.attentionOutput, [hiddenSize, hiddenSize], context, local('attended'));
  const attendedSum = graph.node('Add', [attended, input], local('attended.sum'));
  const middle = graph.layerNorm(names.attentionNorm, hiddenSize, attendedSum, local('middle'), layerNormEps);

  const widening = graph.transposed(`${names.intermediate}.weight`, intermediateSize, hiddenSize);
  const wide = graph.node('MatMul', [middle, widening], local('wide'));
  const bias = graph.weight(`${names.intermediate}.bias`, [intermediateSize]);
  const active = graph.node('BiasGelu', [wide, bias], local('active'), {}, MICROSOFT);
  const narrow = graph.dense(names.output, [hiddenSize, intermediateSize], active, local('narrow'));
  const sum = graph.node('Add', [narrow, middle], local('narrow.sum'));
  return graph.layerNorm(names.outputNorm, hiddenSize, sum, `hidden.${layer + 1}`, layerNormEps);
}

function attention(
  graph: GraphBuilder,
  { hiddenSize, heads }: ModelConfig,
  { queryKeyValue }: LayerNames,
  input: string,
  lengths: string,
  local: (name: string) => string,
): string {
  const weights = queryKeyValue.map((part) => graph.transposed(`${part}.weight`, hiddenSize, hiddenSize));
  const biases = queryKeyValue.map((part) => graph.weight(`${part}.bias`, [hiddenSize]));
  const inputs = [
    input,
    graph.node('Concat', weights, local('qkv.weight'), { axis: 1 }),
    graph.node('Concat', biases, local('qkv.bias'), { axis: 0 }),
    lengths,
  ];
  return graph.node('Attention', inputs, local('context'), { num_heads: heads }, MICROSOFT);
}
