/** The steps from token vectors to one vector: modules.json lists them, and the pooling has a file of its own. */
import { join } from 'node:path';
import { invalidFile, JsonFile, readJson } from './json-file.ts';

/** How token vectors become one vector: their mean, the first token's vector, or the maximum of each component. */
export type Pooling = 'mean' | 'cls' | 'max';

export interface PipelineConfig {
  readonly pooling: Pooling;
  /** Whether vectors are divided by their L2 norm. */
  readonly normalize: boolean;
  /** False: the tokens of a prompt are left out of the pooling. */
  readonly includePrompt: boolean;
}

interface Module {
  readonly kind: string;
  readonly path: unknown;
}

const SERVED = ['Transformer,Pooling', 'Transformer,Pooling,Normalize'];
const POOLINGS: Readonly<Record<string, Pooling>> = { mean: 'mean', cls: 'cls', max: 'max' };
/** Flags that sentence-transformers wrote before `pooling_mode`, one for each kind. */
const FLAGS: Readonly<Record<string, string>> = {
  pooling_mode_cls_token: 'cls',
  pooling_mode_max_tokens: 'max',
  pooling_mode_mean_tokens: 'mean',
};

/** @throws CosimoError `model_invalid`, a sentence naming the file and what in it Cosimo can't serve */
export async function readPipelineConfig(dir: string): Promise<PipelineConfig> {
  const path = join(dir, 'modules.json');
  const modules = await readModules(path);
  const kinds = modules.map(({ kind }) => kind);
  if (!SERVED.includes(kinds.join())) {
    throw invalidFile(
      path,
      `lists ${kinds.join(', ')}; Cosimo serves Transformer, Pooling and then Normalize or nothing`,
    );
  }
  const [transformer, pooling, normalize] = modules as [Module, Module, Module?];
  if ((transformer.path ?? '') !== '')
    throw invalidFile(
      path,
      `has the Transformer in ${JSON.stringify(transformer.path)}; Cosimo reads it in the model's own folder`,
    );
  const file = await JsonFile.read(join(dir, folderOf(path, pooling, 'pooling'), 'config.json'), 'required');
  if (normalize !== undefined) await checkNormalize(dir, path, normalize);
  return { pooling: poolingOf(file), normalize: normalize !== undefined, includePrompt: includesPrompt(file) };
}

async function readModules(path: string): Promise<Module[]> {
  const modules = await readJson(path, 'optional');
  if (!Array.isArray(modules)) throw invalidFile(path, 'is missing or no list: it tells how token vectors become one');
  return modules.map((module: Readonly<Record<string, unknown>> | null) => ({
    kind: String(module?.['type']).split('.').at(-1) as string,
    path: module?.['path'],
  }));
}

function folderOf(path: string, module: Module, what: string): string {
  const folder = String(module.path);
  if (!/^\w+$/.test(folder))
    throw invalidFile(path, `has the ${what} in ${JSON.stringify(folder)}, which is no folder here`);
  return folder;
}

/** Before version 6 of sentence-transformers the module had no settings, and on the hub no folder. */
async function checkNormalize(dir: string, path: string, module: Module): Promise<void> {
  if (module.path === undefined) return;
  const file = await JsonFile.read(join(dir, folderOf(path, module, 'normalization'), 'config.json'), 'optional');
  file.expect('module_input_name', 'sentence_embedding', 'sentence_embedding');
  file.expect('module_output_name', 'sentence_embedding', 'sentence_embedding');
}

function poolingOf(file: JsonFile): Pooling {
  const [mode, ...more] = poolingModes(file);
  const pooling = mode !== undefined && Object.hasOwn(POOLINGS, mode) ? POOLINGS[mode] : undefined;
  if (pooling === undefined || more.length > 0) {
    const modes = [mode ?? 'no pooling', ...more].join(', ');
    throw file.invalid(`asks for ${modes}; Cosimo serves one pooling of ${Object.keys(POOLINGS).join(', ')}`);
  }
  return pooling;
}

function poolingModes(file: JsonFile): string[] {
  const modes = file.value('pooling_mode');
  if (modes !== undefined) return (Array.isArray(modes) ? modes : [modes]).map(String);
  const flags = file.entries().filter(([key, value]) => key.startsWith('pooling_mode_') && value !== false);
  return flags.map(([key, value]) => (value === true ? (FLAGS[key] ?? key) : `${key} ${JSON.stringify(value)}`));
}

function includesPrompt(file: JsonFile): boolean {
  const value = file.value('include_prompt') ?? true;
  if (typeof value !== 'boolean') throw file.invalid('has an include_prompt that is neither true nor false');
  return value;
}
