/** What a store records of itself: its format, the model of its vectors, and whether a re-embedding has begun. */
import { CosimoError } from '../../errors.ts';
import { type Databases, FACTS_KEY, REEMBEDDING_KEY, type VectorsDatabase, type VectorsName } from './layout.ts';
import type { LmdbEnvironment } from './lmdb-environment.ts';

/** The model that made vectors. */
export interface VectorsModel {
  /** Everything that changes a vector, in one string. */
  readonly fingerprint: string;
  /** The value of MODEL or MODEL_DIR, for messages. */
  readonly modelName: string;
}

export interface StoreFacts extends VectorsModel {
  readonly format: number;
  readonly dimensions: number;
  /** The database that is served. Format 1 lacks this field and has its vectors in `vectors`. */
  readonly vectors: VectorsName;
}

/** The format that this Cosimo writes. It reads 1 too. A change of the layout (layout.ts) must raise it. */
export const FORMAT = 2;

/** @returns undefined for a new store. @throws CosimoError `store_unavailable` when its format is not known here */
export function readFacts({ root, dir }: LmdbEnvironment): StoreFacts | undefined {
  const facts = root.get(FACTS_KEY) as (Omit<StoreFacts, 'vectors'> & { vectors?: VectorsName }) | undefined;
  if (facts === undefined) return undefined;
  const { vectors = 'vectors', format } = facts;
  if (format === 1 || format === FORMAT) return { ...facts, vectors };
  throw new CosimoError('store_unavailable', `DATA_DIR=${dir} has format ${format}; this Cosimo reads 1 to ${FORMAT}.`);
}

/** Call it within a transaction. Without facts the store belongs to no model. */
export function putFacts({ root }: Databases, facts: StoreFacts | undefined): void {
  if (facts === undefined) root.removeSync(FACTS_KEY);
  else root.putSync(FACTS_KEY, facts);
}

/** The model of a re-embedding that has begun and not ended. */
export function readReembedTarget({ root }: Databases): VectorsModel | undefined {
  return root.get(REEMBEDDING_KEY) as VectorsModel | undefined;
}

/** Call it within a transaction. */
export function putReembedTarget({ root }: Databases, target: VectorsModel | undefined): void {
  if (target === undefined) root.removeSync(REEMBEDDING_KEY);
  else root.putSync(REEMBEDDING_KEY, target);
}

/** The database of vectors that is not served. */
export interface SpareVectors {
  readonly name: VectorsName;
  readonly rows: VectorsDatabase;
}

export function spareVectors({ vectors }: Databases, facts: StoreFacts): SpareVectors {
  const name = facts.vectors === 'vectors' ? 'vectors.b' : 'vectors';
  return { name, rows: vectors[name] };
}

/** @throws CosimoError `index_model_mismatch` when the store holds another model's vectors */
export function requireSameModel(dir: string, facts: StoreFacts, own: VectorsModel): void {
  if (facts.fingerprint === own.fingerprint) return;
  throw new CosimoError(
    'index_model_mismatch',
    `DATA_DIR=${dir} holds vectors made by ${describeModel(facts)}, not by ${describeModel(own)}: set MODEL (or MODEL_DIR) back to ` +
      `${facts.modelName}, or run \`npm run re-embed\` with the same settings to encode the documents again with ${own.modelName}.`,
  );
}

/** For sentences: name and first digits. What follows a dash, such as the precision, is kept, since it may be the only difference. */
export function describeModel({ modelName, fingerprint }: VectorsModel): string {
  const [digits = '', ...rest] = fingerprint.split('-');
  return `${modelName} (${[digits.slice(0, 12), ...rest].join('-')})`;
}
