/** POST /index, GET and DELETE /index/{doc_id}, POST /search. */
import type { FastifyInstance } from 'fastify';
import type { EngineHolder } from '../service/engine.ts';
import { answerSignal } from './answer-signal.ts';
import { documentJson, hitsJson } from './answers/documents-json.ts';
import { sendJson } from './answers/send-json.ts';
import {
  BODY_ERRORS,
  DeleteResponse,
  DocumentParams,
  DocumentResponse,
  FULL_ERROR,
  type IndexBody,
  IndexRequest,
  IndexResponse,
  NOT_FOUND_ERROR,
  type SearchBody,
  SearchRequest,
  SearchResponse,
} from './schemas.ts';

interface DocumentPath {
  readonly doc_id: string;
}

export function documentRoutes(app: FastifyInstance, holder: EngineHolder): void {
  app.post<{ Body: IndexBody }>(
    '/index',
    {
      schema: {
        summary: 'Add or replace a document',
        body: IndexRequest,
        response: { 200: IndexResponse, ...BODY_ERRORS, ...FULL_ERROR },
      },
    },
    async (request, reply) => {
      const { id, text, metadata } = request.body;
      await holder.engine.documents.upsert({ id, text, metadata: metadata ?? '{}' }, answerSignal(reply));
      holder.counts.request('index');
      return sendJson(reply, 200, JSON.stringify({ indexed: id }));
    },
  );

  const byId = { params: DocumentParams };
  app.get<{ Params: DocumentPath }>(
    '/index/:doc_id',
    { schema: { ...byId, summary: 'Read a document', response: { 200: DocumentResponse, ...NOT_FOUND_ERROR } } },
    async (request, reply) =>
      sendJson(reply, 200, documentJson(await holder.engine.documents.find(request.params.doc_id))),
  );
  app.delete<{ Params: DocumentPath }>(
    '/index/:doc_id',
    { schema: { ...byId, summary: 'Delete a document', response: { 200: DeleteResponse, ...NOT_FOUND_ERROR } } },
    async (request, reply) => {
      const { doc_id } = request.params;
      await holder.engine.documents.delete(doc_id);
      return sendJson(reply, 200, JSON.stringify({ deleted: doc_id }));
    },
  );

  app.post<{ Body: SearchBody }>(
    '/search',
    {
      schema: {
        summary: 'Find the nearest documents',
        body: SearchRequest,
        response: { 200: SearchResponse, ...BODY_ERRORS },
      },
    },
    async (request, reply) => {
      const { query, top_k: topK, threshold } = request.body;
      const hits = await holder.engine.documents.search(query, { topK, threshold, signal: answerSignal(reply) });
      holder.counts.request('search');
      return sendJson(reply, 200, await hitsJson(hits));
    },
  );
}
