/** The body that answers POST /v1/embeddings. */

import { TimeSlice } from '../../base/time-slice.ts';
import { vectorJsonBytes, writeVectorsJson } from '../../json/vectors-json.ts';
import { unitVector } from '../../service/unit-vector.ts';

export interface OpenAiAnswer {
  readonly vectors: readonly Float32Array[];
  readonly model: string;
  readonly encodingFormat: 'float' | 'base64';
  readonly usage: object;
}

/** Most bytes of a list entry without its vector. */
const ENTRY_BYTES = 80;

/** Pauses between vectors where there are many, so that the event loop stays free. */
export async function openAiJson({ vectors, model, encodingFormat, usage }: OpenAiAnswer): Promise<Buffer> {
  const dimensions = vectors[0]?.length ?? 0;
  const tail = Buffer.from(`],"model":${JSON.stringify(model)},"usage":${JSON.stringify(usage)}}`);
  const entryBytes = ENTRY_BYTES + vectorJsonBytes(dimensions);
  const body = Buffer.allocUnsafe(ENTRY_BYTES + vectors.length * entryBytes + tail.length);
  const slice = new TimeSlice();
  let end = body.write('{"object":"list","data":[', 'latin1');
  for (const [index, vector] of vectors.entries()) {
    end += body.write(`${index === 0 ? '' : ','}{"object":"embedding","index":${index},"embedding":`, end, 'latin1');
    if (encodingFormat === 'float') end = writeVectorsJson([vector], body, end);
    else end += body.write(`"${base64(vector)}"`, end, 'latin1');
    end += body.write('}', end, 'latin1');
    if (slice.isOver) await slice.turn();
  }
  return body.subarray(0, end + tail.copy(body, end));
}

/** Encodes the floats as they lie in memory: little-endian on every machine that Cosimo runs on. */
function base64({ buffer, byteOffset, byteLength }: Float32Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('base64');
}

/** The first numbers of a vector, scaled to the L2 norm 1. */
export function truncateVector(vector: Float32Array, dimensions: number): Float32Array {
  return unitVector(vector.slice(0, dimensions));
}
