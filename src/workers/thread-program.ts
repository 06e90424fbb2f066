/** Runs inside a worker thread: sets up, says that it is ready, then answers the requests of the thread that has started it. */
import { parentPort, workerData } from 'node:worker_threads';
import { RpcClient } from './rpc-client.ts';
import type { Methods, NoMethods, Post } from './rpc-messages.ts';
import { type Handlers, RpcServer } from './rpc-server.ts';
import type { FromThread, ToThread } from './thread-messages.ts';

export interface ThreadProgram<M extends Methods<M>, R> {
  /** What the thread sends once it is ready. Clonable. */
  readonly ready: R;
  readonly handlers: Handlers<M>;
}

/** The thread that has started this one. */
export interface ParentThread<P extends Methods<P>> {
  readonly log: (line: string) => void;
  /** Calls its methods. */
  readonly client: RpcClient<P>;
}

/**
 * What `setUp` throws ends the thread before it is ready; the thread that has started it gets the error.
 * @param setUp gets the thread's options
 */
export async function runThread<O, M extends Methods<M>, R, P extends Methods<P> = NoMethods>(
  setUp: (options: O, parent: ParentThread<P>) => ThreadProgram<M, R> | Promise<ThreadProgram<M, R>>,
): Promise<void> {
  const port = parentPort;
  if (port === null) throw new Error('this program runs in a worker thread');
  const post: Post<FromThread<R>> = (message, transfer) => port.postMessage(message, transfer);
  const client = new RpcClient<P>(post);
  let server: RpcServer<M> | undefined;
  port.on('message', (message: ToThread) => {
    if (message.kind === 'request' || message.kind === 'cancel') server?.receive(message);
    else client.receive(message);
  });
  const log = (line: string) => post({ kind: 'log', line });
  const { ready, handlers } = await setUp(workerData as O, { log, client });
  server = new RpcServer(handlers, post);
  post({ kind: 'ready', ready });
}
