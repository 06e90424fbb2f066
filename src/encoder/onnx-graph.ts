/**
 * The ONNX graph of a BERT sentence encoder over an untouched model.safetensors: token ids in, unit vectors out.
 * The graph holds no weights. Each initializer is an offset and a length into the safetensors file; ONNX Runtime folds the
 * Transpose and Concat of initializers when it loads. Needs the contrib operators (com.microsoft) of ONNX Runtime.
 */
import { CosimoError } from '../errors.ts';
import type { ModelConfig } from '../model/model-config.ts';
import type { Tensor } from '../model/safetensors.ts';
import {
  type AttributeValue,
  attribute,
  ElementType,
  encodeModel,
  externalTensor,
  type NodeProto,
  type TensorProto,
  tensorInfo,
} from './onnx-proto.ts';

const MICROSOFT = 'com.microsoft';
const ELEMENT_TYPES: Readonly<Record<string, number>> = { F32: ElementType.float };

export const GRAPH_INPUTS = { ids: 'input_ids', mask: 'attention_mask' } as const;
export const GRAPH_OUTPUT = 'embedding';

/**
 * @param tensors what the weights file holds, by name
 * @param weightsFile the file's name, relative to the folder that the session is given for external data
 * @returns a model: `input_ids`, `attention_mask` int64 [batch, sequence] (right padding) → `embedding` float [batch, hidden], L2 norm 1
 * @throws CosimoError `model_invalid` for a tensor that is missing or of another type
 */
export function buildEncoderGraph(
  config: ModelConfig,
  tensors: ReadonlyMap<string, Tensor>,
  weightsFile: string,
): Uint8Array {
  const graph = new GraphBuilder(tensors, weightsFile);
  const mask = maskLengths(graph);
  let hidden = embeddings(graph, config);
  for (let layer = 0; layer < config.layers; layer += 1) hidden = encoderLayer(graph, config, layer, hidden, mask);
  meanPooling(graph, hidden);
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

class GraphBuilder {
  readonly nodes: NodeProto[] = [];
  readonly initializers: TensorProto[] = [];
  readonly #tensors: ReadonlyMap<string, Tensor>;
  readonly #weightsFile: string;

  constructor(tensors: ReadonlyMap<string, Tensor>, weightsFile: string) {
    this.#tensors = tensors;
    this.#weightsFile = weightsFile;
  }

  /** Adds a node and returns the name of its one output. */
  node(
    opType: string,
    input: readonly string[],
    output: string,
    attributes: Readonly<Record<string, AttributeValue>> = {},
    domain = '',
  ): string {
    const attributeProtos = Object.entries(attributes).map(([name, value]) => attribute(name, value));
    this.nodes.push({ opType, domain, input, output: [output], attribute: attributeProtos });
    return output;
  }

  integers(name: string, values: readonly number[]): string {
    this.initializers.push({ name, dims: [values.length], dataType: ElementType.int64, int64Data: values });
    return name;
  }

  weight(name: string): string {
    const tensor = this.#tensors.get(name);
    if (tensor === undefined) throw new CosimoError('model_invalid', `${this.#weightsFile} lacks the tensor ${name}.`);
    const elementType = ELEMENT_TYPES[tensor.dtype];
    if (elementType === undefined) {
      throw new CosimoError(
        'model_invalid',
        `${this.#weightsFile}: ${name} is ${tensor.dtype}; Cosimo reads ${Object.keys(ELEMENT_TYPES)}.`,
      );
    }
    this.initializers.push(
      externalTensor(name, elementType, tensor.shape, this.#weightsFile, tensor.byteOffset, tensor.byteLength),
    );
    return name;
  }

  /** A dense layer's weight as the right factor of a MatMul: PyTorch keeps [out, in]. */
  transposed(name: string): string {
    return this.node('Transpose', [this.weight(name)], `${name}.T`, { perm: [1, 0] });
  }

  dense(prefix: string, input: string, output: string): string {
    const product = this.node('MatMul', [input, this.transposed(`${prefix}.weight`)], `${output}.product`);
    return this.node('Add', [product, this.weight(`${prefix}.bias`)], output);
  }

  layerNorm(prefix: string, input: string, output: string, epsilon: number): string {
    const inputs = [input, this.weight(`${prefix}.weight`), this.weight(`${prefix}.bias`)];
    return this.node('LayerNormalization', inputs, output, { axis: -1, epsilon: { float: epsilon } });
  }
}

/** The mask as one length a text, the form in which the Attention operator takes right padding. */
function maskLengths(graph: GraphBuilder): string {
  const sum = graph.node('ReduceSum', [GRAPH_INPUTS.mask, graph.integers('axis1', [1])], 'lengths.int64', {
    keepdims: 0,
  });
  return graph.node('Cast', [sum], 'lengths', { to: ElementType.int32 });
}

function embeddings(graph: GraphBuilder, config: ModelConfig): string {
  const zero = graph.integers('zero', [0]);
  const one = graph.integers('one', [1]);
  const axis0 = graph.integers('axis0', [0]);
  const sequence = graph.node('Shape', [GRAPH_INPUTS.ids], 'sequence', { start: 1, end: 2 });
  const words = graph.node('Gather', [graph.weight('embeddings.word_embeddings.weight'), GRAPH_INPUTS.ids], 'words');
  // A slice of the position table, not Range + Gather: the latter triggers a faulty fusion in ONNX Runtime.
  const positions = graph.node(
    'Slice',
    [graph.weight('embeddings.position_embeddings.weight'), zero, sequence, axis0],
    'positions',
  );
  const types = graph.node(
    'Slice',
    [graph.weight('embeddings.token_type_embeddings.weight'), zero, one, axis0],
    'types',
  );
  const placed = graph.node('Add', [words, positions], 'words.placed');
  const sum = graph.node('Add', [placed, types], 'embeddings.sum');
  return graph.layerNorm('embeddings.LayerNorm', sum, 'hidden.0', config.layerNormEps);
}

function encoderLayer(graph: GraphBuilder, config: ModelConfig, layer: number, input: string, lengths: string): string {
  const prefix = `encoder.layer.${layer}`;
  const local = (name: string) => `${name}.${layer}`;
  const parts = ['query', 'key', 'value'].map((part) => `${prefix}.attention.self.${part}`);
  const weights = graph.node(
    'Concat',
    parts.map((part) => graph.transposed(`${part}.weight`)),
    local('qkv.weight'),
    { axis: 1 },
  );
  const biases = graph.node(
    'Concat',
    parts.map((part) => graph.weight(`${part}.bias`)),
    local('qkv.bias'),
    { axis: 0 },
  );
  const context = graph.node(
    'Attention',
    [input, weights, biases, lengths],
    local('context'),
    { num_heads: config.heads },
    MICROSOFT,
  );

  const attended = graph.dense(`${prefix}.attention.output.dense`, context, local('attended'));
  const middle = graph.layerNorm(
    `${prefix}.attention.output.LayerNorm`,
    graph.node('Add', [attended, input], local('attended.sum')),
    local('middle'),
    config.layerNormEps,
  );

  const intermediate = `${prefix}.intermediate.dense`;
  const wide = graph.node('MatMul', [middle, graph.transposed(`${intermediate}.weight`)], local('wide'));
  const active = graph.node('BiasGelu', [wide, graph.weight(`${intermediate}.bias`)], local('active'), {}, MICROSOFT);
  const narrow = graph.dense(`${prefix}.output.dense`, active, local('narrow'));
  const sum = graph.node('Add', [narrow, middle], local('narrow.sum'));
  return graph.layerNorm(`${prefix}.output.LayerNorm`, sum, `hidden.${layer + 1}`, config.layerNormEps);
}

/** The sum over the unmasked tokens; the mean's factor 1/length cancels in the normalisation. */
function meanPooling(graph: GraphBuilder, hidden: string): void {
  const mask = graph.node('Cast', [GRAPH_INPUTS.mask], 'mask.float', { to: ElementType.float });
  const row = graph.node('Unsqueeze', [mask, 'axis1'], 'mask.row');
  const sum = graph.node('MatMul', [row, hidden], 'pooled.row');
  const pooled = graph.node('Squeeze', [sum, 'axis1'], 'pooled');
  graph.node('LpNormalization', [pooled], GRAPH_OUTPUT, { axis: 1, p: 2 });
}
