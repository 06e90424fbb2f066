/** Where a model's weights lie: the tensors of one or several safetensors files, or an ONNX file. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CosimoError } from '../errors.ts';
import { JsonFile } from './json-file.ts';
import { readSafetensorsHeader, type Tensor } from './safetensors.ts';
import { isShard, weightFilesAmong } from './weight-files.ts';

export interface LocatedTensor extends Tensor {
  /** The file that holds it, a name within the model's folder. */
  readonly file: string;
}

export type Weights =
  /** `source`: the file that errors name when a tensor is missing. */
  | { readonly kind: 'tensors'; readonly source: string; readonly tensors: ReadonlyMap<string, LocatedTensor> }
  /** `file`: a path within the model's folder. */
  | { readonly kind: 'onnx'; readonly file: string };

/** @throws CosimoError `model_invalid`, a sentence that names the file and its fault */
export async function readWeights(dir: string): Promise<Weights> {
  const names = await readdir(dir);
  const inOnnx = names.includes('onnx') ? (await readdir(join(dir, 'onnx'))).map((name) => `onnx/${name}`) : [];
  const files = weightFilesAmong([...names, ...inOnnx]);
  if (files === undefined) {
    const wanted = 'model.safetensors, model.safetensors.index.json with its shards, onnx/model.onnx or model.onnx';
    throw new CosimoError('model_invalid', `${dir} holds no weights that Cosimo reads: ${wanted}.`);
  }
  const { kind, main } = files;
  if (kind === 'onnx') return { kind: 'onnx', file: main };
  const tensors = kind === 'whole' ? await readTensors(dir, main) : await readShards(dir, main);
  return { kind: 'tensors', source: main, tensors };
}

async function readTensors(dir: string, file: string): Promise<Map<string, LocatedTensor>> {
  const header = await readSafetensorsHeader(join(dir, file));
  return new Map([...header].map(([name, tensor]) => [name, { ...tensor, file }]));
}

/** The index says which shard holds which tensor; each tensor must be in its shard. */
async function readShards(dir: string, index: string): Promise<Map<string, LocatedTensor>> {
  const file = await JsonFile.read(join(dir, index), 'required');
  const weightMap = file.value('weight_map');
  if (typeof weightMap !== 'object' || weightMap === null) throw file.invalid('has no weight_map');
  const homes = new Map(Object.entries(weightMap).map(([name, shard]) => [name, shardName(file, shard)]));
  const shards = new Map<string, Map<string, LocatedTensor>>();
  for (const shard of new Set(homes.values())) shards.set(shard, await readTensors(dir, shard));
  const tensors = new Map<string, LocatedTensor>();
  for (const [name, shard] of homes) {
    const tensor = shards.get(shard)?.get(name);
    if (tensor === undefined) throw file.invalid(`has the tensor ${name} in ${shard}, which lacks it`);
    tensors.set(name, tensor);
  }
  return tensors;
}

/** Only names as transformers gives them are accepted: none can escape the model's folder. */
function shardName(index: JsonFile, shard: unknown): string {
  if (typeof shard !== 'string' || !isShard(shard)) {
    throw index.invalid(
      `names the shard ${JSON.stringify(shard)}; Cosimo reads those like model-00001-of-00002.safetensors`,
    );
  }
  return shard;
}
