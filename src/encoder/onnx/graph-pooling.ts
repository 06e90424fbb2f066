/** The graph's last steps: one vector from the token vectors, and normalization. In fp32, whatever the encoder's precision. */
import type { ModelConfig } from '../../model/model-config.ts';
import type { GraphBuilder } from './graph-builder.ts';
import { ElementType } from './onnx-proto.ts';

interface PoolingInputs {
  /** Token vectors [batch, sequence, hidden]. */
  readonly hidden: string;
  /** float [batch, sequence], 1 for a token and 0 for padding. */
  readonly mask: string;
  /** Tokens of each text, float [batch]. */
  readonly lengths: string;
}

/** As in torch.nn.functional.normalize: a vector of a smaller norm stays short instead of becoming infinite. */
const NORM_MIN = 1e-12;
/** Less than any output of an encoder: padding is never the maximum. */
const PADDING_VALUE = -1e9;

/** Adds the node that gives `output`, float [batch, hidden]. */
export function addPooling(
  graph: GraphBuilder,
  { pooling, normalize }: Pick<ModelConfig, 'pooling' | 'normalize'>,
  inputs: PoolingInputs,
  output: string,
): void {
  const isFloat = graph.elementType === ElementType.float;
  const hidden = isFloat
    ? inputs.hidden
    : graph.node('Cast', [inputs.hidden], 'hidden.float', { to: ElementType.float });
  const pool = { mean: meanPooling, cls: firstToken, max: maxPooling }[pooling];
  const pooled = pool(graph, { ...inputs, hidden }, normalize ? 'pooled' : output);
  if (normalize) {
    const norm = graph.node('ReduceL2', [pooled], 'norm', { axes: [1], keepdims: 1 });
    graph.node('Div', [pooled, graph.node('Max', [norm, graph.float('norm.min', NORM_MIN)], 'norm.safe')], output);
  }
}

function meanPooling(graph: GraphBuilder, { hidden, mask, lengths }: PoolingInputs, output: string): string {
  const row = graph.node('Unsqueeze', [mask, 'axis1'], 'mask.row');
  const sum = graph.node('Squeeze', [graph.node('MatMul', [row, hidden], 'sum.row'), 'axis1'], 'sum');
  // A text has no token at all if it is empty and the tokenizer puts nothing around it.
  const divisor = graph.node('Max', [lengths, graph.float('one.float', 1)], 'divisor');
  return graph.node('Div', [sum, graph.node('Unsqueeze', [divisor, 'axis1'], 'divisor.column')], output);
}

function firstToken(graph: GraphBuilder, { hidden }: PoolingInputs, output: string): string {
  return graph.node('Gather', [hidden, graph.integer('first', 0)], output, { axis: 1 });
}

function maxPooling(graph: GraphBuilder, { hidden, mask }: PoolingInputs, output: string): string {
  const isToken = graph.node('Cast', [mask], 'mask.bool', { to: ElementType.bool });
  const column = graph.node('Unsqueeze', [isToken, graph.integers('axis2', [2])], 'mask.column');
  const masked = graph.node('Where', [column, hidden, graph.float('padding', PADDING_VALUE)], 'hidden.masked');
  return graph.node('ReduceMax', [masked], output, { axes: [1], keepdims: 0 });
}
