/** An HTTP thread: the routes on an event loop of their own, over the engine of the main thread. */
import { parentPort, workerData } from 'node:worker_threads';
import type { FastifyListenOptions } from 'fastify';
import { buildApp } from '../app.ts';
import { openEmbeddingCache } from '../cache/embedding-cache.ts';
import { createLogger } from '../logger.ts';
import { ProcessCounts } from '../metrics/thread-counts.ts';
import { EngineHolder } from '../service/engine.ts';
import { Caller } from '../workers/calls.ts';
import type { EngineCalls, FromHttpThread, HttpThreadOptions, ToHttpThread } from './protocol.ts';
import { remoteEngine } from './remote-engine.ts';

const { config, port, row, rows, counts: memory, calls } = workerData as HttpThreadOptions;
const counts = new ProcessCounts(rows, memory).ofThread(row);
const holder = new EngineHolder(counts);
const caller = new Caller<EngineCalls>(calls);
const app = await buildApp({
  config,
  holder,
  logger: createLogger(config),
  metrics: () => caller.call('metrics', null),
  countHit: (address) => caller.call('hit', { address }),
});

async function close(): Promise<void> {
  holder.close();
  await app.close();
  process.exit(0); // of this thread
}

parentPort?.on('message', (message: ToHttpThread) => {
  if (message.kind === 'close') return void close();
  const cache = openEmbeddingCache(message.engine.cache);
  holder.serve(remoteEngine({ caller, cache, counts, facts: message.engine, textBytesMax: config.MAX_TEXT_BYTES }));
});
// Fastify hands its options on to net.Server; its types don't know this one yet.
const address: FastifyListenOptions & { reusePort: boolean } = { host: config.HOST, port, reusePort: true };
await app.fastify.listen(address);
parentPort?.postMessage({ kind: 'listening', routes: app.routes } satisfies FromHttpThread);
