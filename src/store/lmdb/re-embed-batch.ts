/** Batches of a re-embedding: stored texts in the order of their versions, and their vectors. */
import { CosimoError, errorCodeOf } from '../../errors.ts';
import type { Databases } from './layout.ts';

export interface StoredText {
  readonly version: number;
  readonly id: string;
  readonly text: string;
}

/**
 * One vector for each text, in their order, all of one length.
 * @throws an error of the code `inference_failed` when a text can't be encoded
 */
export type EncodeTexts = (texts: readonly string[]) => Promise<readonly Float32Array[]>;

/** The `message` says why the document can't be encoded. */
export class UnencodableDocument extends Error {
  readonly id: string;

  constructor(id: string, cause: unknown) {
    super((cause as Error).message, { cause });
    this.id = id;
  }
}

const BATCH_DOCUMENTS = 256;
/** Most UTF-16 units of a batch's texts; a longer text goes alone. */
const BATCH_CHARACTERS = 1 << 20;

/** @param after the batch begins after this version */
export function readBatch(
  { documents }: Pick<Databases, 'documents'>,
  after: number,
  documentsMax = BATCH_DOCUMENTS,
): StoredText[] {
  const batch: StoredText[] = [];
  let characters = 0;
  for (const { key: version, value } of documents.getRange({ start: after + 1 })) {
    const [id, text] = value;
    characters += text.length;
    if (batch.length > 0 && characters > BATCH_CHARACTERS) break;
    batch.push({ version, id, text });
    if (batch.length === documentsMax) break;
  }
  return batch;
}

/**
 * A batch that fails is encoded again, text by text, to find the document that can't be encoded.
 * @throws UnencodableDocument
 */
export async function encodeBatch(batch: readonly StoredText[], encode: EncodeTexts): Promise<readonly Float32Array[]> {
  try {
    return await finiteVectors(batch, encode);
  } catch (error) {
    if (errorCodeOf(error) !== 'inference_failed') throw error;
  }
  const vectors: Float32Array[] = [];
  for (const document of batch) {
    try {
      vectors.push(...(await finiteVectors([document], encode)));
    } catch (cause) {
      if (errorCodeOf(cause) !== 'inference_failed') throw cause;
      throw new UnencodableDocument(document.id, cause);
    }
  }
  return vectors;
}

async function finiteVectors(batch: readonly StoredText[], encode: EncodeTexts): Promise<readonly Float32Array[]> {
  const vectors = await encode(batch.map(({ text }) => text));
  // The index refuses any other vector, and then the server would not start.
  if (vectors.every((vector) => vector.every(Number.isFinite))) return vectors;
  throw new CosimoError('inference_failed', 'its vector holds NaN or infinity');
}
