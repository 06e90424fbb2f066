/** The bodies that answer /embed and /embed/batch: floats are written natively into the bytes that are sent. */
import { vectorJsonBytes, vectorsJson, writeVectorsJson } from '../../json/vectors-json.ts';
import { AnswerBlocks } from './answer-blocks.ts';

/** The members that follow the embeddings. */
export type OtherMembers = Readonly<Record<string, number>>;

/** Writes the vectors' JSON into `target` from `offset` on; returns where it ends, or -1 when it can't write it. */
export type WriteVectors = (target: Uint8Array, offset: number) => number;

/** A body, and what to call once it has been sent. */
export interface Body {
  readonly body: Buffer;
  readonly release: () => void;
}

/** Up to this many floats take a fraction of a millisecond to write; more are written off the event loop. */
const FLOATS_AT_ONCE = 64 * 1024;
const HEAD = Buffer.from('{"embeddings":[');

export class EmbeddingsJson {
  readonly #blocks = new AnswerBlocks();

  /** Whether these floats are few enough to be written on the event loop. */
  isSmall(count: number, dimensions: number): boolean {
    return count * dimensions <= FLOATS_AT_ONCE;
  }

  async of(vectors: readonly Float32Array[], others: OtherMembers): Promise<Body> {
    const dimensions = vectors[0]?.length ?? 0;
    const write: WriteVectors = (target, offset) => writeVectorsJson(vectors, target, offset);
    if (this.isSmall(vectors.length, dimensions)) return this.write(vectors.length, dimensions, others, write) as Body;
    const body = Buffer.concat([HEAD, await vectorsJson(vectors), Buffer.from(tailOf(others))]);
    return { body, release: () => {} };
  }

  /** @returns undefined when `write` gives -1 */
  write(count: number, dimensions: number, others: OtherMembers, write: WriteVectors): Body | undefined {
    const tail = tailOf(others);
    const bytes = HEAD.length + count * vectorJsonBytes(dimensions) + tail.length;
    return this.#blocks.write(bytes, (memory, start) => {
      HEAD.copy(memory, start);
      const end = write(memory, start + HEAD.length);
      return end < 0 ? end : end + memory.write(tail, end, 'latin1');
    });
  }
}

function tailOf(others: OtherMembers): string {
  let text = ']';
  for (const name in others) text += `,"${name}":${others[name]}`;
  return `${text}}`;
}
