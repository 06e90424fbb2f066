/** The named data of trials. A name means the same bytes on every machine, except for what a model computed, and for `documentation`. */
import { join } from 'node:path';
import { DATA_DIR } from './data-files.ts';

export type VectorSource =
  /** Independent Gaussian components: no two rows are near, so bounds prune least. */
  | 'gaussian'
  /** Clusters of power-law sizes whose components have a power-law spectrum, as embeddings of texts do. */
  | 'clustered'
  /** The model's vectors of sentences from two collections. */
  | 'sentences'
  /** The model's vectors of sentences of the documentation that the machine has. */
  | 'documentation'
  /** Groups of equal and nearly equal rows, for ties. */
  | 'near-duplicates';

export interface VectorSet {
  readonly kind: 'vectors';
  readonly source: VectorSource;
  readonly rows: number;
  readonly queries: number;
  readonly dimensions: number;
  readonly seed: number;
}

/**
 * Texts of `tokens` tokens, sentences as they come (`mixed`), or texts of 4 to 63 (`short`) or 5 to 250 tokens (`wide`), each
 * length as likely.
 */
export interface TextSet {
  readonly kind: 'texts';
  readonly tokens: number | 'mixed' | 'short' | 'wide';
  readonly count: number;
  readonly seed: number;
}

/** Keys of a cache in the order of their use. */
export interface TraceSet {
  readonly kind: 'trace';
  readonly operation: 'hit' | 'miss' | 'mixed' | 'zipf' | 'zipf-1' | 'scans';
  /** Entries that the cache holds. */
  readonly entries: number;
  readonly seed: number;
}

/** A data folder of the service, with vectors of one kind for its documents. */
export interface StoreSet {
  readonly kind: 'store';
  readonly source: 'gaussian' | 'clustered';
  readonly documents: number;
  readonly seed: number;
}

export type DataSet = VectorSet | TextSet | TraceSet | StoreSet;

/** Extra rows at the end of a vector file, which replace others; files of sentences have none. */
export const SPARE_ROWS = 4096;

export function nameOf(set: DataSet): string {
  switch (set.kind) {
    case 'vectors':
      return `vectors-${set.source}-${set.rows}x${set.dimensions}-q${set.queries}-seed${set.seed}`;
    case 'texts':
      return `texts-${set.tokens}-${set.count}-seed${set.seed}`;
    case 'trace':
      return `trace-${set.operation}-${set.entries}-seed${set.seed}`;
    case 'store':
      return `store-${set.source}-${set.documents}-seed${set.seed}`;
  }
}

/** Paths of little-endian float32 rows, one after another. A file of vectors has `rows` + SPARE_ROWS of them. */
export function vectorFiles(set: VectorSet): { readonly vectors: string; readonly queries: string } {
  const base = join(DATA_DIR, nameOf(set));
  return { vectors: `${base}.rows.f32`, queries: `${base}.queries.f32` };
}

/** A JSON file (`texts`: TextFile; `trace`: TraceFile), or the folder of a store. */
export function pathOf(set: TextSet | TraceSet | StoreSet): string {
  return join(DATA_DIR, set.kind === 'store' ? nameOf(set) : `${nameOf(set)}.json`);
}

export interface TextFile {
  readonly texts: readonly string[];
  /** Tokens of each text, [CLS] and [SEP] included. */
  readonly tokens: readonly number[];
}

export const NEW_KEY = -1;

export interface TraceFile {
  readonly keys: readonly string[];
  /** Positions in `keys` of the keys that are stored before the first round. */
  readonly stored: readonly number[];
  /** Positions in `keys`, in the order of use; NEW_KEY stands for a key that was never used. */
  readonly sequence: readonly number[];
}
