/** The engine of the main thread, as an HTTP thread sees it: what the cache holds is answered here, the rest is asked for. */
import type { EmbeddingCache } from '../cache/embedding-cache.ts';
import type { ThreadCounts } from '../metrics/thread-counts.ts';
import type { EmbeddingBackend, EncodeOptions } from '../service/embedding-backend.ts';
import { EmbeddingService } from '../service/embedding-service.ts';
import type { Documents, Engine } from '../service/engine.ts';
import type { Caller } from '../workers/calls.ts';
import type { EngineCalls, EngineFacts } from './protocol.ts';

export interface RemoteEngineParts {
  readonly caller: Caller<EngineCalls>;
  /** The one of the process. */
  readonly cache: EmbeddingCache;
  readonly counts: ThreadCounts;
  readonly facts: EngineFacts;
  readonly textBytesMax: number;
}

/** Where the main thread doesn't say how long its queue is. */
const RETRY_AFTER_S = 1;

export function remoteEngine({ caller, cache, counts, facts, textBytesMax }: RemoteEngineParts): Engine {
  const { model, prompts } = facts;
  return {
    model,
    dimensions: cache.dimensions,
    embeddings: new EmbeddingService({ backend: remoteBackend(caller), cache, counts, prompts, textBytesMax }),
    documents: remoteDocuments(caller),
    healthy: () => caller.call('healthy', null),
    stats: () => caller.call('stats', null),
    retryAfter_s: () => RETRY_AFTER_S,
  };
}

function remoteBackend(caller: Caller<EngineCalls>): EmbeddingBackend {
  return {
    encode: (texts, sizes, { cache, signal }: EncodeOptions) => caller.call('encode', { texts, sizes, cache }, signal),
    encodeTokens: (inputs, signal) => caller.call('encodeTokens', { inputs }, signal),
    countTokens: (texts, sizes, signal) => caller.call('countTokens', { texts, sizes }, signal),
  };
}

function remoteDocuments(caller: Caller<EngineCalls>): Documents {
  return {
    find: (id) => caller.call('find', { id }),
    upsert: (document, signal) => caller.call('upsert', { document }, signal),
    delete: (id) => caller.call('delete', { id }),
    search: (query, { topK, threshold, signal }) => caller.call('search', { query, topK, threshold }, signal),
  };
}
