/** The bodies that answer /search and GET /index/{doc_id}. Metadata is JSON text already, as the client gave it. */

import { TimeSlice } from '../../base/time-slice.ts';
import type { Document } from '../../service/document.ts';
import type { Hit } from '../../service/document-service.ts';

export function documentJson({ id, text, metadata }: Document): string {
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
