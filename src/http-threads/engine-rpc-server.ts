/** The main thread's handlers for the calls of HTTP threads. */
import type { Registry } from 'prom-client';
import type { EmbeddingCache } from '../cache/embedding-cache.ts';
import { CosimoError } from '../errors.ts';
import { RateCounter } from '../http/rate-counter.ts';
import type { EmbeddingBackend, TextVector } from '../service/embedding-backend.ts';
import type { EngineHolder } from '../service/engine.ts';
import type { Handlers } from '../workers/rpc-server.ts';
import type { EncodeArgs, EngineMethods } from './engine-rpc-methods.ts';

/** What encodes texts here, and the cache of their vectors. */
export interface EncodingParts {
  readonly backend: EmbeddingBackend;
  readonly cache: EmbeddingCache;
}

/** @param encoding undefined until the model is loaded */
export function engineHandlers(
  holder: EngineHolder,
  encoding: () => EncodingParts | undefined,
  registry: Registry,
): Handlers<EngineMethods> {
  const rate = new RateCounter();
  return {
    encode: (args, { signal }) => encodeAbsent(loaded(encoding), args, signal),
    encodeTokens: ({ inputs }, { signal }) => loaded(encoding).backend.encodeTokens(inputs, signal),
    countTokens: ({ texts, sizes }, { signal }) => loaded(encoding).backend.countTokens(texts, sizes, signal),
    find: ({ id }) => holder.engine.documents.find(id),
    upsert: ({ document }, { signal }) => holder.engine.documents.upsert(document, signal),
    delete: ({ id }) => holder.engine.documents.delete(id),
    search: ({ query, topK, threshold }, { signal }) =>
      holder.engine.documents.search(query, { topK, threshold, signal }),
    healthy: () => holder.isReady(),
    stats: () => holder.engine.stats(),
    metrics: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
    countRequest: ({ address }) => rate.countRequest(address),
  };
}

/** @throws CosimoError `model_not_ready` */
function loaded(encoding: () => EncodingParts | undefined): EncodingParts {
  const parts = encoding();
  if (parts === undefined) throw new CosimoError('model_not_ready');
  return parts;
}

/** Looks in the cache again: another thread may have encoded the text meanwhile. */
async function encodeAbsent(
  { backend, cache }: EncodingParts,
  { texts, sizes, cache: useCache }: EncodeArgs,
  signal: AbortSignal,
): Promise<TextVector[]> {
  const found = texts.map((text): TextVector | undefined => {
    const vector = useCache ? cache.get(text) : undefined;
    return vector && { vector };
  });
  const absent = [...found.keys()].filter((at) => found[at] === undefined);
  if (absent.length > 0) {
    const encoded = await backend.encode(
      absent.map((at) => texts[at] as string),
      absent.map((at) => sizes[at] as number),
      { cache: useCache, signal },
    );
    for (const [position, at] of absent.entries()) found[at] = encoded[position];
  }
  return found as TextVector[];
}
