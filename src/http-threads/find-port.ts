/** Which port several threads are going to share. */
import { once } from 'node:events';
import { createServer, type ListenOptions } from 'node:net';
import { CosimoError } from '../errors.ts';

export interface Address {
  readonly HOST: string;
  /** 0 for any that is free. */
  readonly PORT: number;
}

/** Error codes of `listen` on a platform without reusePort. */
const CANNOT_SHARE = new Set(['ENOTSUP', 'EOPNOTSUPP', 'EINVAL', 'ENOPROTOOPT']);

/** Listens and stops again; resolves to the port. */
export type TryPort = (options: ListenOptions) => Promise<number>;

/**
 * Finds a free port that several threads can share on this platform.
 * @throws CosimoError `invalid_setting` if the platform can't share ports; what listening throws, such as EADDRINUSE
 */
export async function findPort({ HOST, PORT }: Address, tryPort: TryPort = listenOnce): Promise<number> {
  // Not shared at first: otherwise another process that shares the port, even another Cosimo, would go unnoticed.
  const port = await tryPort({ host: HOST, port: PORT });
  try {
    await tryPort({ host: HOST, port, reusePort: true });
  } catch (cause) {
    // Anything else, such as EADDRINUSE, is a matter of this port.
    if (!CANNOT_SHARE.has((cause as NodeJS.ErrnoException).code ?? '')) throw cause;
    throw new CosimoError(
      'invalid_setting',
      'HTTP_THREADS: this platform has no reusePort, which several threads need to share a port. Set HTTP_THREADS=1.',
      { cause },
    );
  }
  return port;
}

async function listenOnce(options: ListenOptions): Promise<number> {
  const server = createServer();
  server.listen(options);
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
