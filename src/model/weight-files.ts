/** The files of a model's weights, by name. A folder may hold several kinds; the first kind found is used. */

export type WeightKind = 'whole' | 'sharded' | 'onnx';

export interface WeightFiles {
  readonly kind: WeightKind;
  /** The file that is opened first: the weights, the index of the shards, or the ONNX graph. */
  readonly main: string;
  /** All of them, `main` first; paths within the model's folder, with forward slashes. */
  readonly paths: readonly string[];
}

export const SHARD_INDEX = 'model.safetensors.index.json';
const SHARD = /^model-\d{5}-of-(?<count>\d{5})\.safetensors$/;
const ONNX_FILES = ['onnx/model.onnx', 'model.onnx'];
/** The file in which an ONNX file of more than 2 GB keeps its tensors. */
const onnxData = (path: string) => `${path}_data`;
const FIXED = ['model.safetensors', SHARD_INDEX, ...ONNX_FILES.flatMap((path) => [path, onnxData(path)])];

export const isShard = (path: string) => SHARD.test(path);
export const mayBeWeights = (path: string) => FIXED.includes(path) || isShard(path);

/** @param paths of a folder's files. @returns the kind that is used; undefined when there is none */
export function weightFilesAmong(paths: readonly string[]): WeightFiles | undefined {
  if (paths.includes('model.safetensors')) {
    return { kind: 'whole', main: 'model.safetensors', paths: ['model.safetensors'] };
  }
  if (paths.includes(SHARD_INDEX)) {
    return { kind: 'sharded', main: SHARD_INDEX, paths: [SHARD_INDEX, ...paths.filter(isShard).toSorted()] };
  }
  const main = ONNX_FILES.find((path) => paths.includes(path));
  if (main === undefined) return undefined;
  return { kind: 'onnx', main, paths: [main, ...paths.filter((path) => path === onnxData(main))] };
}

/** The shards that a list of files lacks. The names of the other shards say how many there are. */
export function missingShards(paths: readonly string[]): string[] {
  const count = SHARD.exec(paths.filter(isShard).toSorted().at(-1) ?? '')?.groups?.['count'];
  if (count === undefined) return ['model-00001-of-….safetensors'];
  const name = (at: number) => `model-${String(at).padStart(5, '0')}-of-${count}.safetensors`;
  const missing: string[] = [];
  for (let at = 1; at <= Number(count); at += 1) if (!paths.includes(name(at))) missing.push(name(at));
  return missing;
}
