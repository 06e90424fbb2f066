/** Finds the port that several event loops share: free, taken, or not to be shared. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'vitest';
import { findPort, type TryPort } from '../../src/http-threads/find-port.ts';

const HOST = '127.0.0.1';

test('a free port is found, and the one that is asked for is taken', async () => {
  const port = await findPort({ HOST, PORT: 0 });
  assert.ok(port > 0);
  assert.equal(await findPort({ HOST, PORT: port }), port);
});

test('a port that another process has is refused, though both would share it', async () => {
  const server = createServer().listen({ host: HOST, port: 0, reusePort: true });
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  await assert.rejects(findPort({ HOST, PORT: port }), { code: 'EADDRINUSE' });
  server.close();
});

test('where ports cannot be shared, one sentence says what to set', async () => {
  const tryPort: TryPort = async ({ reusePort }) => {
    if (reusePort) throw Object.assign(new Error('listen ENOTSUP'), { code: 'ENOTSUP' });
    return 8000;
  };
  await assert.rejects(findPort({ HOST, PORT: 8000 }, tryPort), {
    code: 'invalid_setting',
    message: /no reusePort.*Set HTTP_THREADS=1/,
  });
});

test('a port that is taken between the two looks is not called a platform without reusePort', async () => {
  const tryPort: TryPort = async ({ reusePort }) => {
    if (reusePort) throw Object.assign(new Error('listen EADDRINUSE'), { code: 'EADDRINUSE' });
    return 8000;
  };
  await assert.rejects(findPort({ HOST, PORT: 8000 }, tryPort), { code: 'EADDRINUSE' });
});
