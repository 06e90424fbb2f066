/** Answers put together from parts that are JSON already: vectors written natively, metadata as the client gave it. */
import { native } from '../native/binding.ts';
import type { Hit } from '../service/search-service.ts';
import { TimeSlice } from '../service/time-slice.ts';
import type { StoredDocument } from '../store/document-store.ts';

/** `{"embeddings":[[…]],` and the other members; the floats are written off the event loop. */
export async function embeddingsJson(
  vectors: readonly Float32Array[],
  others: Readonly<Record<string, number>>,
): Promise<Buffer> {
  const embeddings = await native.writeVectorsJson(vectors);
  const tail = JSON.stringify(others).slice(1);
  return Buffer.concat([Buffer.from('{"embeddings":'), embeddings, Buffer.from(`,${tail}`)]);
}

export function documentJson({ id, text, metadata }: StoredDocument): string {
  return `{"id":${JSON.stringify(id)},"text":${JSON.stringify(text)},"metadata":${metadata}}`;
}

export async function hitsJson(hits: readonly Hit[]): Promise<string> {
  const slice = new TimeSlice();
  const parts: string[] = [];
  for (const { document, score } of hits) {
    const { id, text, metadata } = document;
    parts.push(`{"id":${JSON.stringify(id)},"text":${JSON.stringify(text)},"score":${score},"metadata":${metadata}}`);
    await slice.turn();
  }
  return `[${parts.join(',')}]`;
}
