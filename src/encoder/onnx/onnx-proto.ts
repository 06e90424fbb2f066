/** The part of the ONNX protobuf schema that a graph over external weights needs. Source: onnx.proto of ONNX 1.12 (IR 8). */
import protobuf from 'protobufjs';

const field = (type: string, id: number, rule?: 'repeated') => (rule ? { type, id, rule } : { type, id });
const repeated = (type: string, id: number) => field(type, id, 'repeated');

const root = protobuf.Root.fromJSON({
  nested: {
    ModelProto: {
      fields: {
        irVersion: field('int64', 1),
        producerName: field('string', 2),
        graph: field('GraphProto', 7),
        opsetImport: repeated('OperatorSetIdProto', 8),
      },
    },
    OperatorSetIdProto: { fields: { domain: field('string', 1), version: field('int64', 2) } },
    GraphProto: {
      fields: {
        node: repeated('NodeProto', 1),
        name: field('string', 2),
        initializer: repeated('TensorProto', 5),
        input: repeated('ValueInfoProto', 11),
        output: repeated('ValueInfoProto', 12),
      },
    },
    NodeProto: {
      fields: {
        input: repeated('string', 1),
        output: repeated('string', 2),
        opType: field('string', 4),
        attribute: repeated('AttributeProto', 5),
        domain: field('string', 7),
      },
    },
    AttributeProto: {
      fields: {
        name: field('string', 1),
        f: field('float', 2),
        i: field('int64', 3),
        ints: repeated('int64', 8),
        type: field('int32', 20),
      },
    },
    TensorProto: {
      fields: {
        dims: repeated('int64', 1),
        dataType: field('int32', 2),
        floatData: repeated('float', 4),
        int64Data: repeated('int64', 7),
        name: field('string', 8),
        externalData: repeated('StringStringEntryProto', 13),
        dataLocation: field('int32', 14),
      },
    },
    StringStringEntryProto: { fields: { key: field('string', 1), value: field('string', 2) } },
    ValueInfoProto: { fields: { name: field('string', 1), type: field('TypeProto', 2) } },
    TypeProto: {
      fields: { tensorType: field('Tensor', 1) },
      nested: { Tensor: { fields: { elemType: field('int32', 1), shape: field('TensorShapeProto', 2) } } },
    },
    TensorShapeProto: {
      fields: { dim: repeated('Dimension', 1) },
      nested: { Dimension: { fields: { dimValue: field('int64', 1), dimParam: field('string', 2) } } },
    },
  },
});

const MODEL = root.lookupType('ModelProto');

export const ElementType = { float: 1, int32: 6, int64: 7, bool: 9, float16: 10, bfloat16: 16 } as const;
const AttributeType = { float: 1, int: 2, ints: 7 } as const;
const EXTERNAL = 1;

export interface TensorProto {
  name: string;
  dims: readonly number[];
  dataType: number;
  floatData?: readonly number[];
  int64Data?: readonly number[];
  dataLocation?: number;
  externalData?: readonly { key: string; value: string }[];
}

export interface NodeProto {
  opType: string;
  domain: string;
  input: readonly string[];
  output: readonly string[];
  attribute: readonly object[];
}

/** A tensor whose bytes lie in `location`, a file beside the graph. */
export function externalTensor(
  name: string,
  dataType: number,
  dims: readonly number[],
  location: string,
  offset: number,
  length: number,
): TensorProto {
  const externalData = [
    { key: 'location', value: location },
    { key: 'offset', value: String(offset) },
    { key: 'length', value: String(length) },
  ];
  return { name, dims, dataType, dataLocation: EXTERNAL, externalData };
}

/** An integer becomes INT and an array INTS; `{ float: x }` becomes FLOAT, since 1 could be either. */
export type AttributeValue = number | readonly number[] | { readonly float: number };

export function attribute(name: string, value: AttributeValue): object {
  if (typeof value === 'number') return { name, type: AttributeType.int, i: value };
  if ('float' in value) return { name, type: AttributeType.float, f: value.float };
  return { name, type: AttributeType.ints, ints: value };
}

/** A graph's input or output; a string dimension is symbolic. */
export function tensorInfo(name: string, elemType: number, dims: readonly (number | string)[]): object {
  const dim = dims.map((size) => (typeof size === 'string' ? { dimParam: size } : { dimValue: size }));
  return { name, type: { tensorType: { elemType, shape: { dim } } } };
}

export interface GraphProto {
  name: string;
  node: readonly NodeProto[];
  initializer: readonly TensorProto[];
  input: readonly object[];
  output: readonly object[];
}

/** The bytes of a model file. */
export function encodeModel(graph: GraphProto, opsets: Readonly<Record<string, number>>): Uint8Array {
  const opsetImport = Object.entries(opsets).map(([domain, version]) => ({ domain, version }));
  return MODEL.encode(MODEL.fromObject({ irVersion: 8, producerName: 'cosimo', graph, opsetImport })).finish();
}
