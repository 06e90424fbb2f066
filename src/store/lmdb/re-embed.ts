/**
 * Gives a store the vectors of another model. The new rows go into the database of vectors that isn't served, a batch a
 * transaction, oldest version first; one transaction at the end lets the facts name it and empties the other. Until
 * then the store is the old model's, which may serve it, and a next call goes on after the newest row: what is written
 * in between has a newer version, and what is deleted or replaced takes its new row along (see `LmdbStore`).
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CosimoError, errorCodeOf } from '../../errors.ts';
import { type LmdbEnvironment, newestVersion, openEnvironment, refuseToShare, writeDurably } from './environment.ts';
import {
  described,
  FORMAT,
  putFacts,
  putTarget,
  readFacts,
  readTarget,
  type StoreFacts,
  spareVectors,
  type VectorsModel,
} from './facts.ts';

export interface ReembedOptions extends VectorsModel {
  readonly dir: string;
  /**
   * One vector a text, in their order, all of one length. One call at a time, none when no document is left to encode.
   * A text that can't be encoded rejects with the code `inference_failed`.
   */
  readonly encode: (texts: readonly string[]) => Promise<readonly Float32Array[]>;
  readonly progress: ReembedProgress;
  /** Stops it between two batches; the next call goes on there. */
  readonly signal?: AbortSignal;
  /** Documents of a batch at most, which a kill makes it encode again. */
  readonly batchDocuments?: number;
}

export interface ReembedProgress {
  /** Once, before the first batch. `from` names the model whose vectors go. */
  start(plan: { documents: number; done: number; from: string }): void;
  advance(documents: number): void;
}

/** `empty`: no documents, or no store at all. `current`: the vectors are this model's already. */
export type ReembedOutcome =
  | { readonly kind: 'empty' }
  | { readonly kind: 'current' | 'switched'; readonly documents: number };

interface StoredText {
  readonly version: number;
  readonly id: string;
  readonly text: string;
}

const BATCH_DOCUMENTS = 256;
/** UTF-16 units of a batch's texts; a longer text goes alone. */
const BATCH_CHARACTERS = 1 << 20;

/**
 * @throws CosimoError `store_unavailable` when another process has the store open or it can't be written;
 *   `inference_failed` naming the document; `cancelled` by `signal`. The old model's vectors are served as before then.
 */
export async function reembed(options: ReembedOptions): Promise<ReembedOutcome> {
  if (!existsSync(join(options.dir, 'data.mdb'))) return { kind: 'empty' };
  const environment = openEnvironment(options.dir);
  try {
    const facts = readFacts(environment);
    refuseToShare(environment);
    if (facts === undefined) return { kind: 'empty' };
    const documents = environment.documents.getCount();
    if (documents > 0 && facts.fingerprint !== options.fingerprint) {
      return await new Reembedding(environment, facts, options).run();
    }
    await settle(environment, facts, documents);
    return documents === 0 ? { kind: 'empty' } : { kind: 'current', documents };
  } finally {
    await environment.root.close();
  }
}

/** Nothing to encode: a re-embedding that was begun for another model ends here, and an empty store is any model's. */
async function settle(environment: LmdbEnvironment, facts: StoreFacts, documents: number): Promise<void> {
  await writeDurably(environment, () => {
    if (documents === 0) putFacts(environment, undefined);
    putTarget(environment, undefined);
    spareVectors(environment, facts).rows.clearSync();
  });
}

class Reembedding {
  readonly #environment: LmdbEnvironment;
  readonly #facts: StoreFacts;
  readonly #options: ReembedOptions;
  readonly #spare: ReturnType<typeof spareVectors>;

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
    progress.start({ documents, done: rows.getCount(), from: described(this.#facts) });
    let batch = this.#read(newestVersion(rows));
    while (batch.length > 0) {
      if (signal?.aborted) {
        const sentence = `Stopped after ${rows.getCount()} of ${documents} documents. Run it again to go on from there.`;
        throw new CosimoError('cancelled', sentence);
      }
      await this.#keep(batch, await this.#encode(batch));
      progress.advance(batch.length);
      batch = this.#read((batch.at(-1) as StoredText).version);
    }
    await this.#switch();
    return { kind: 'switched', documents };
  }

  /** Goes on with what was begun for the same model, else starts with no rows. */
  async #begin(): Promise<void> {
    const { fingerprint, modelName } = this.#options;
    if (readTarget(this.#environment)?.fingerprint === fingerprint) return;
    await writeDurably(this.#environment, () => {
      // A Cosimo that writes format 1 would leave the new rows behind its changes.
      putFacts(this.#environment, { ...this.#facts, format: FORMAT });
      putTarget(this.#environment, { fingerprint, modelName });
      this.#spare.rows.clearSync();
    });
  }

  #read(after: number): StoredText[] {
    const { batchDocuments = BATCH_DOCUMENTS } = this.#options;
    const batch: StoredText[] = [];
    let characters = 0;
    for (const { key: version, value } of this.#environment.documents.getRange({ start: after + 1 })) {
      const [id, text] = value;
      characters += text.length;
      if (batch.length > 0 && characters > BATCH_CHARACTERS) break;
      batch.push({ version, id, text });
      if (batch.length === batchDocuments) break;
    }
    return batch;
  }

  /** A batch that fails is encoded text by text: what fails for itself is named. */
  async #encode(batch: readonly StoredText[]): Promise<readonly Float32Array[]> {
    try {
      return await this.#vectorsOf(batch);
    } catch (error) {
      if (errorCodeOf(error) !== 'inference_failed') throw error;
    }
    const vectors: Float32Array[] = [];
    for (const document of batch) {
      try {
        vectors.push(...(await this.#vectorsOf([document])));
      } catch (cause) {
        if (errorCodeOf(cause) !== 'inference_failed') throw cause;
        throw new CosimoError(
          'inference_failed',
          `The document ${JSON.stringify(document.id)} could not be encoded with ${this.#options.modelName}: ${(cause as Error).message}. ` +
            `DATA_DIR=${this.#options.dir} still holds the vectors of ${described(this.#facts)}: start with that model, ` +
            'replace or delete the document, and run this again to go on from here.',
          { cause },
        );
      }
    }
    return vectors;
  }

  async #vectorsOf(batch: readonly StoredText[]): Promise<readonly Float32Array[]> {
    const vectors = await this.#options.encode(batch.map(({ text }) => text));
    // The index would refuse it, and with it the start of the server.
    if (vectors.every((vector) => vector.every(Number.isFinite))) return vectors;
    throw new CosimoError('inference_failed', 'its vector holds NaN or infinity');
  }

  async #keep(batch: readonly StoredText[], vectors: readonly Float32Array[]): Promise<void> {
    await writeDurably(this.#environment, () => {
      batch.forEach(({ version }, at) => {
        const { buffer, byteOffset, byteLength } = vectors[at] as Float32Array;
        this.#spare.rows.putSync(version, Buffer.from(buffer, byteOffset, byteLength));
      });
    });
  }

  async #switch(): Promise<void> {
    const { fingerprint, modelName } = this.#options;
    const { name, rows } = this.#spare;
    if (rows.getCount() !== this.#environment.documents.getCount()) {
      await writeDurably(this.#environment, () => putTarget(this.#environment, undefined));
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
      putTarget(this.#environment, undefined);
      this.#environment.vectors[this.#facts.vectors].clearSync();
    });
  }
}
