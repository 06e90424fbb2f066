/** Nodes and initializers of a graph that is being built. Weights stay in their files: the graph says where they lie. */
import { type FloatType, TensorFinder, type TensorSource } from '../../model/tensor-source.ts';
import {
  type AttributeValue,
  attribute,
  ElementType,
  externalTensor,
  type NodeProto,
  type TensorProto,
} from './onnx-proto.ts';

/** The arithmetic of a graph. */
export type GraphPrecision = 'fp32' | 'fp16';

const ELEMENT_TYPES: Readonly<Record<FloatType, number>> = {
  F32: ElementType.float,
  F16: ElementType.float16,
  BF16: ElementType.bfloat16,
};

export class GraphBuilder {
  readonly nodes: NodeProto[] = [];
  readonly initializers: TensorProto[] = [];
  /** The element type that the encoder computes in. */
  readonly elementType: number;
  readonly #tensors: TensorFinder;

  constructor(source: TensorSource, precision: GraphPrecision) {
    this.#tensors = new TensorFinder(source);
    this.elementType = precision === 'fp16' ? ElementType.float16 : ElementType.float;
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

  integer(name: string, value: number): string {
    this.initializers.push({ name, dims: [], dataType: ElementType.int64, int64Data: [value] });
    return name;
  }

  float(name: string, value: number): string {
    this.initializers.push({ name, dims: [], dataType: ElementType.float, floatData: [value] });
    return name;
  }

  /** A tensor to compute with; ONNX Runtime folds the Cast when it loads. @param shape null for a size that is free */
  weight(name: string, shape: readonly (number | null)[]): string {
    const { file, dtype, ...tensor } = this.#tensors.find(name, shape);
    const elementType = ELEMENT_TYPES[dtype];
    this.initializers.push(externalTensor(name, elementType, tensor.shape, file, tensor.byteOffset, tensor.byteLength));
    return elementType === this.elementType
      ? name
      : this.node('Cast', [name], `${name}.cast`, { to: this.elementType });
  }

  /** A dense layer's weight as the right factor of a MatMul: PyTorch keeps [out, in]. */
  transposed(name: string, outputs: number, inputs: number): string {
    return this.node('Transpose', [this.weight(name, [outputs, inputs])], `${name}.T`, { perm: [1, 0] });
  }

  dense(prefix: string, [outputs, inputs]: readonly [number, number], input: string, output: string): string {
    const weight = this.transposed(`${prefix}.weight`, outputs, inputs);
    const product = this.node('MatMul', [input, weight], `${output}.product`);
    return this.node('Add', [product, this.weight(`${prefix}.bias`, [outputs])], output);
  }

  layerNorm(prefix: string, size: number, input: string, output: string, epsilon: number): string {
    const inputs = [input, this.weight(`${prefix}.weight`, [size]), this.weight(`${prefix}.bias`, [size])];
    return this.node('LayerNormalization', inputs, output, { axis: -1, epsilon: { float: epsilon } });
  }
}
