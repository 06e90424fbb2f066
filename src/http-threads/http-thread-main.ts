/** An HTTP thread: the routes on an event loop of their own, over the engine of the main thread. */
import type { FastifyListenOptions } from 'fastify';
import { buildApp } from '../app.ts';
import { openEmbeddingCache } from '../cache/embedding-cache.ts';
import { createLogger } from '../logger.ts';
import { ProcessCounts } from '../metrics/thread-counts.ts';
import { EngineHolder } from '../service/engine.ts';
import { runThread } from '../workers/thread-program.ts';
import { remoteEngine } from './engine-rpc-client.ts';
import type { EngineMethods } from './engine-rpc-methods.ts';
import type { HttpThreadFacts, HttpThreadMethods, HttpThreadOptions } from './http-thread-protocol.ts';

await runThread<HttpThreadOptions, HttpThreadMethods, HttpThreadFacts, EngineMethods>(async (options, { client }) => {
  const { config, port, row, rows, counts: memory } = options;
  const counts = new ProcessCounts(rows, memory).countsOfThread(row);
  const holder = new EngineHolder(counts);
  const app = await buildApp({
    config,
    holder,
    logger: createLogger(config),
    metrics: () => client.request('metrics', null),
    countRequest: (address) => client.request('countRequest', { address }),
  });
  // Fastify hands its options on to net.Server; its types don't know this one yet.
  const address: FastifyListenOptions & { reusePort: boolean } = { host: config.HOST, port, reusePort: true };
  await app.fastify.listen(address);
  return {
    ready: { routes: app.routes },
    handlers: {
      serve(facts) {
        const cache = openEmbeddingCache(facts.cache);
        holder.serve(remoteEngine({ client, cache, counts, facts, textBytesMax: config.MAX_TEXT_BYTES }));
      },
      async close() {
        holder.close();
        await app.close();
      },
    },
  };
});
