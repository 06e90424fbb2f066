/** The engine as an HTTP thread sees it: it answers what the shared cache holds, and calls the main thread for the rest. */
import type { EmbeddingCache } from '../cache/embedding-cache.ts';
import type { ThreadCounts } from '../metrics/thread-counts.ts';
import type { EmbeddingBackend, EncodeOptions } from '../service/embedding-backend.ts';
import { EmbeddingService } from '../service/embedding-service.ts';
import type { Documents, Engine } from '../service/engine.ts';
import type { RpcClient } from '../workers/rpc-client.ts';
import type { EngineMethods } from './engine-rpc-methods.ts';
import type { EngineFacts } from './http-thread-protocol.ts';

export interface RemoteEngineParts {
  readonly client: RpcClient<EngineMethods>;
  /** The cache that all threads of the process share. */
  readonly cache: EmbeddingCache;
  readonly counts: ThreadCounts;
  readonly facts: EngineFacts;
  readonly textBytesMax: number;
}

/** For refusals of this thread: the length of the main thread's queue is not known here. */
const RETRY_AFTER_S = 1;

export function remoteEngine({ client, cache, counts, facts, textBytesMax }: RemoteEngineParts): Engine {
  const { model, prompts } = facts;
  return {
    model,
    dimensions: cache.dimensions,
    embeddings: new EmbeddingService({ backend: remoteBackend(client), cache, counts, prompts, textBytesMax }),
    documents: remoteDocuments(client),
    healthy: () => client.request('healthy', null),
    stats: () => client.request('stats', null),
    retryAfter_s: () => RETRY_AFTER_S,
  };
}

function remoteBackend(client: RpcClient<EngineMethods>): EmbeddingBackend {
  return {
    encode: (texts, sizes, { cache, signal }: EncodeOptions) =>
      client.request('encode', { texts, sizes, cache }, signal),
    encodeTokens: (inputs, signal) => client.request('encodeTokens', { inputs }, signal),
    countTokens: (texts, sizes, signal) => client.request('countTokens', { texts, sizes }, signal),
  };
}

function remoteDocuments(client: RpcClient<EngineMethods>): Documents {
  return {
    find: (id) => client.request('find', { id }),
    upsert: (document, signal) => client.request('upsert', { document }, signal),
    delete: (id) => client.request('delete', { id }),
    search: (query, { topK, threshold, signal }) => client.request('search', { query, topK, threshold }, signal),
  };
}
