/**
 * Gives a store the vectors of another model. The new rows go into the database of vectors that is not served, oldest
 * version first, one transaction for each batch. One transaction at the end lets the facts name that database and empties
 * the other one. Until then the store is the old model's, which may go on serving it between two runs: a next run goes on
 * after the newest row. What is written in between has a newer version, and what is deleted or replaced takes its new
 * row along (see `LmdbStore`).
 */
import { join } from 'node:path';
import { CosimoError } from '../../errors.ts';
import { isMissingOrEmpty } from './data-file.ts';
import { DATA_FILE, newestVersion, rowOf } from './layout.ts';
import { closeEnvironment, type LmdbEnvironment, openEnvironment, writeDurably } from './lmdb-environment.ts';
import { type EncodeTexts, encodeBatch, readBatch, type StoredText, UnencodableDocument } from './re-embed-batch.ts';
import {
  describeModel,
  FORMAT,
  putFacts,
  putReembedTarget,
  readFacts,
  readReembedTarget,
  type SpareVectors,
  type StoreFacts,
  spareVectors,
  type VectorsModel,
} from './store-facts.ts';

export interface ReembedOptions extends VectorsModel {
  readonly dir: string;
  /** Called for one batch at a time, and never when no document is left to encode. */
  readonly encode: EncodeTexts;
  readonly progress: ReembedProgress;
  /** Stops it between two batches; the next run goes on there. */
  readonly signal?: AbortSignal;
  /** Most documents of a batch; a kill loses at most one batch. */
  readonly batchDocuments?: number;
}

export interface ReembedProgress {
  /** Once, before the first batch. `done` documents need no encoding; `from` names the old model. */
  start(plan: { documents: number; done: number; from: string }): void;
  advance(documents: number): void;
}

/** `empty`: there is no document or no store. `current`: the vectors are this model's already. */
export type ReembedOutcome =
  | { readonly kind: 'empty' }
  | { readonly kind: 'current' | 'switched'; readonly documents: number };

/**
 * @throws CosimoError `store_unavailable` when another process has the store open or it can't be written;
 *   `inference_failed` naming the document; `cancelled` by `signal`. After an error the store is still the old model's.
 */
export async function reembed(options: ReembedOptions): Promise<ReembedOutcome> {
  if (isMissingOrEmpty(join(options.dir, DATA_FILE))) return { kind: 'empty' };
  const environment = openEnvironment(options.dir);
  try {
    const facts = readFacts(environment);
    if (facts === undefined) return { kind: 'empty' };
    const documents = environment.documents.getCount();
    if (documents > 0 && facts.fingerprint !== options.fingerprint) {
      return await new Reembedding(environment, facts, options).run();
    }
    await settle(environment, facts, documents);
    return documents === 0 ? { kind: 'empty' } : { kind: 'current', documents };
  } finally {
    await closeEnvironment(environment);
  }
}

/** There is nothing to encode: a re-embedding for another model ends here, and an empty store belongs to no model. */
async function settle(environment: LmdbEnvironment, facts: StoreFacts, documents: number): Promise<void> {
  await writeDurably(environment, () => {
    if (documents === 0) putFacts(environment, undefined);
    putReembedTarget(environment, undefined);
    spareVectors(environment, facts).rows.clearSync();
  });
}

class Reembedding {
  readonly #environment: LmdbEnvironment;
  readonly #facts: StoreFacts;
  readonly #options: ReembedOptions;
  readonly #spare: SpareVectors;

  constructor(environment: LmdbEnvironment, facts: StoreFacts, options: ReembedOptions) {
    this.#environment = environment;
    this.#facts = facts;
    this.#options = options;
    this.#spare = spareVectors(environment, facts);
  }

  async run(): Promise<ReembedOutcome> {
    const { progress, signal } = this.#options;
    await this.#begin();
    const { rows } = this.#spare;
    const documents = this.#environment.documents.getCount();
    progress.start({ documents, done: rows.getCount(), from: describeModel(this.#facts) });
    let batch = this.#readAfter(newestVersion(rows));
    while (batch.length > 0) {
      if (signal?.aborted) {
        const sentence = `Stopped after ${rows.getCount()} of ${documents} documents. Run it again to go on from there.`;
        throw new CosimoError('cancelled', sentence);
      }
      await this.#keep(batch, await this.#encode(batch));
      progress.advance(batch.length);
      batch = this.#readAfter((batch.at(-1) as StoredText).version);
    }
    await this.#switch();
    return { kind: 'switched', documents };
  }

  /** Goes on with what was begun for this model, otherwise starts without rows. */
  async #begin(): Promise<void> {
    const { fingerprint, modelName } = this.#options;
    if (readReembedTarget(this.#environment)?.fingerprint === fingerprint) return;
    await writeDurably(this.#environment, () => {
      // An older Cosimo must not open it: its writes would not update the new rows.
      putFacts(this.#environment, { ...this.#facts, format: FORMAT });
      putReembedTarget(this.#environment, { fingerprint, modelName });
      this.#spare.rows.clearSync();
    });
  }

  #readAfter(version: number): StoredText[] {
    return readBatch(this.#environment, version, this.#options.batchDocuments);
  }

  async #encode(batch: readonly StoredText[]): Promise<readonly Float32Array[]> {
    const { dir, encode, modelName } = this.#options;
    try {
      return await encodeBatch(batch, encode);
    } catch (error) {
      if (!(error instanceof UnencodableDocument)) throw error;
      throw new CosimoError(
        'inference_failed',
        `The document ${JSON.stringify(error.id)} could not be encoded with ${modelName}: ${error.message}. ` +
          `DATA_DIR=${dir} still holds the vectors of ${describeModel(this.#facts)}: start with that model, ` +
          'replace or delete the document, and run this again to go on from here.',
        { cause: error.cause },
      );
    }
  }

  async #keep(batch: readonly StoredText[], vectors: readonly Float32Array[]): Promise<void> {
    await writeDurably(this.#environment, () => {
      batch.forEach(({ version }, at) => {
        this.#spare.rows.putSync(version, rowOf(vectors[at] as Float32Array));
      });
    });
  }

  async #switch(): Promise<void> {
    const { fingerprint, modelName } = this.#options;
    const { name, rows } = this.#spare;
    if (rows.getCount() !== this.#environment.documents.getCount()) {
      await writeDurably(this.#environment, () => putReembedTarget(this.#environment, undefined));
      throw new CosimoError(
        'store_unavailable',
        `DATA_DIR=${this.#options.dir} has new vectors for ${rows.getCount()} documents, which are not those it holds: ` +
          'the store is damaged. Nothing was switched; run this again to start over.',
      );
    }
    const row = rows.get(newestVersion(rows)) as Buffer;
    const dimensions = row.length / Float32Array.BYTES_PER_ELEMENT;
    await writeDurably(this.#environment, () => {
      putFacts(this.#environment, { format: FORMAT, fingerprint, modelName, dimensions, vectors: name });
      putReembedTarget(this.#environment, undefined);
      this.#environment.vectors[this.#facts.vectors].clearSync();
    });
  }
}
