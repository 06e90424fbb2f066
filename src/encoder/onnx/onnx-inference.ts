/** Runs batches in a session: padded tensors of token ids in, vectors out, by our own graph or by a model's ONNX file. */
import { type InferenceSession, Tensor } from 'onnxruntime-node';
import { CosimoError } from '../../errors.ts';
import type { ModelConfig } from '../../model/model-config.ts';
import type { Encoder } from '../encoder.ts';
import { GRAPH_INPUTS, GRAPH_OUTPUT } from './onnx-graph.ts';
import { poolTokens } from './token-pooling.ts';

type Encode = Encoder['encode'];

const TOKEN_TYPES = 'token_type_ids';
/** Usual names of the token vectors. Some exporters number their outputs: then the shape decides. */
const TOKEN_OUTPUTS = ['last_hidden_state', 'token_embeddings'];

/** Encodes by the graph of onnx-graph.ts, which pools too. */
export function encodingByGraph(session: InferenceSession, { padTokenId }: ModelConfig): Encode {
  return async (batch) => {
    const outputs = await session.run(padded(batch, padTokenId).tensors);
    return outputs[GRAPH_OUTPUT]?.data as Float32Array;
  };
}

/**
 * Encodes by an ONNX file, which ends with the vectors of tokens.
 * @param path for error messages
 * @throws CosimoError `model_invalid` for inputs that Cosimo can't give, and where no output has the vectors of tokens
 */
export function encodingByFile(session: InferenceSession, path: string, config: ModelConfig): Encode {
  checkInputs(session, path);
  const output = tokenOutput(session, path);
  const { hiddenSize: dimensions, padTokenId } = config;
  return async (batch) => {
    const { tensors, shape } = padded(batch, padTokenId);
    const types = new Tensor('int64', new BigInt64Array(shape[0] * shape[1]), shape);
    const inputs = { ...tensors, [TOKEN_TYPES]: types };
    const wanted = Object.entries(inputs).filter(([name]) => session.inputNames.includes(name));
    const { dims = [], data } = (await session.run(Object.fromEntries(wanted), [output]))[output] ?? {};
    if (dims.join() !== [...shape, dimensions].join()) {
      throw new CosimoError(
        'model_invalid',
        `${path} gives ${output} of the shape [${dims.join(', ')}] where config.json asks for [${[...shape, dimensions].join(', ')}].`,
      );
    }
    const lengths = batch.map(({ length }) => length);
    return poolTokens({ values: data as Float32Array, lengths, sequence: shape[1], dimensions }, config);
  };
}

function checkInputs({ inputNames }: InferenceSession, path: string): void {
  const known: readonly string[] = [...Object.values(GRAPH_INPUTS), TOKEN_TYPES];
  const unknown = inputNames.filter((name) => !known.includes(name));
  if (unknown.length > 0 || !inputNames.includes(GRAPH_INPUTS.ids)) {
    throw new CosimoError(
      'model_invalid',
      `${path} has the inputs ${inputNames.join(', ')}; Cosimo gives ${known.join(', ')}.`,
    );
  }
}

function tokenOutput({ outputMetadata }: InferenceSession, path: string): string {
  const isTokens = (found: (typeof outputMetadata)[number]) =>
    found.isTensor && found.type === 'float32' && found.shape.length === 3;
  const tokens = outputMetadata.filter(isTokens);
  const output = tokens.find(({ name }) => TOKEN_OUTPUTS.includes(name)) ?? tokens[0];
  if (output === undefined) {
    const outputs = outputMetadata.map((found) => `${found.name} (${found.isTensor ? found.type : 'no tensor'})`);
    throw new CosimoError(
      'model_invalid',
      `${path} has the outputs ${outputs.join(', ')}; Cosimo pools one of the vectors of tokens, float32 [batch, sequence, hidden].`,
    );
  }
  return output.name;
}

/** Ids and mask, int64 [batch, longest], padding at the right. */
function padded(batch: readonly Int32Array[], padTokenId: number) {
  const sequence = batch.reduce((longest, ids) => Math.max(longest, ids.length), 1);
  const ids = new BigInt64Array(batch.length * sequence).fill(BigInt(padTokenId));
  const mask = new BigInt64Array(batch.length * sequence);
  batch.forEach((tokens, row) => {
    tokens.forEach((token, column) => {
      ids[row * sequence + column] = BigInt(token);
    });
    mask.fill(1n, row * sequence, row * sequence + tokens.length);
  });
  const shape: [batch: number, sequence: number] = [batch.length, sequence];
  const tensors = {
    [GRAPH_INPUTS.ids]: new Tensor('int64', ids, shape),
    [GRAPH_INPUTS.mask]: new Tensor('int64', mask, shape),
  };
  return { tensors, shape };
}
