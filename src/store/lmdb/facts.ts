/** What a store says of itself: its format, whose vectors it holds and where, and whether a re-embedding has begun. */
import { CosimoError } from '../../errors.ts';
import type { LmdbEnvironment, VectorsDatabase, VectorsName } from './environment.ts';

/** Whose vectors they are. */
export interface VectorsModel {
  /** Everything that changes a vector, in one string. */
  readonly fingerprint: string;
  /** For sentences: what MODEL or MODEL_DIR said. */
  readonly modelName: string;
}

export interface StoreFacts extends VectorsModel {
  readonly format: number;
  readonly dimensions: number;
  /** The database that is served. Format 1 has no such field and keeps them in `vectors`. */
  readonly vectors: VectorsName;
}

export const FORMAT = 2;
const FACTS_KEY = 'facts';
const TARGET_KEY = 're-embedding';

/** @throws CosimoError `store_unavailable` when a Cosimo made the store that writes another format */
export function readFacts({ root, dir }: LmdbEnvironment): StoreFacts | undefined {
  const facts = root.get(FACTS_KEY) as (Omit<StoreFacts, 'vectors'> & { vectors?: VectorsName }) | undefined;
  if (facts === undefined) return undefined;
  const { vectors = 'vectors', format } = facts;
  if (format === 1 || format === FORMAT) return { ...facts, vectors };
  throw new CosimoError('store_unavailable', `DATA_DIR=${dir} has format ${format}; this Cosimo reads 1 to ${FORMAT}.`);
}

/** Within a transaction. `undefined` makes it a store that belongs to no model. */
export function putFacts({ root }: LmdbEnvironment, facts: StoreFacts | undefined): void {
  if (facts === undefined) root.removeSync(FACTS_KEY);
  else root.putSync(FACTS_KEY, facts);
}

/** For whom a re-embedding has begun that has not ended. */
export function readTarget({ root }: LmdbEnvironment): VectorsModel | undefined {
  return root.get(TARGET_KEY) as VectorsModel | undefined;
}

/** Within a transaction. */
export function putTarget({ root }: LmdbEnvironment, target: VectorsModel | undefined): void {
  if (target === undefined) root.removeSync(TARGET_KEY);
  else root.putSync(TARGET_KEY, target);
}

/** Where a re-embedding writes. */
export function spareVectors(
  { vectors }: LmdbEnvironment,
  facts: StoreFacts,
): { name: VectorsName; rows: VectorsDatabase } {
  const name = facts.vectors === 'vectors' ? 'vectors.b' : 'vectors';
  return { name, rows: vectors[name] };
}

/** @throws CosimoError `index_model_mismatch` when the store holds another model's vectors */
export function requireSameModel(dir: string, facts: StoreFacts, own: VectorsModel): void {
  if (facts.fingerprint === own.fingerprint) return;
  throw new CosimoError(
    'index_model_mismatch',
    `DATA_DIR=${dir} holds vectors made by ${described(facts)}, not by ${described(own)}: set MODEL (or MODEL_DIR) back to ` +
      `${facts.modelName}, or run \`npm run re-embed\` with the same settings to encode the documents again with ${own.modelName}.`,
  );
}

/** Name and first digits; what follows a dash tells models of the same files apart and is kept. */
export function described({ modelName, fingerprint }: VectorsModel): string {
  const [digits = '', ...rest] = fingerprint.split('-');
  return `${modelName} (${[digits.slice(0, 12), ...rest].join('-')})`;
}
