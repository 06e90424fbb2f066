/** A hub on this machine that serves a model's files and can misbehave as a test asks. */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ModelManifest } from '../../../src/model/source/manifest.ts';
import { atEnd } from '../at-end.ts';

export interface SeenRequest {
  readonly method: string | undefined;
  readonly path: string;
  readonly range: string | undefined;
  readonly authorization: string | undefined;
  readonly encoding: string | string[] | undefined;
}

/** Answers one request and returns true, or returns false: then the file is served, whole or by Range. */
export type Misbehavior = (request: IncomingMessage, response: ServerResponse, body: Buffer) => boolean;

export interface ModelServer {
  readonly endpoint: string;
  readonly seen: SeenRequest[];
}

export async function startModelServer(
  files: Readonly<Record<string, Buffer>>,
  misbehave: Misbehavior = () => false,
): Promise<ModelServer> {
  const seen: SeenRequest[] = [];
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? '');
    const { range, authorization, 'accept-encoding': encoding } = request.headers;
    seen.push({ method: request.method, path, range, authorization, encoding });
    const body = files[path.replace(/^.*\/resolve\/[^/]+\//, '')];
    if (misbehave(request, response, body ?? Buffer.alloc(0))) return;
    if (body === undefined) response.writeHead(404).end();
    else serve(response, body, range);
  });
  atEnd(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

/** Serves a body, whole or from the offset of a Range. */
export function serve(response: ServerResponse, body: Buffer, range?: string): true {
  const start = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0);
  const part = body.subarray(start);
  const head = {
    'content-length': part.length,
    ...(start > 0 ? { 'content-range': `bytes ${start}-${body.length - 1}/${body.length}` } : {}),
  };
  response.writeHead(start > 0 ? 206 : 200, head).end(part);
  return true;
}

export function refuse(response: ServerResponse, status: number): true {
  response.writeHead(status).end();
  return true;
}

/** Sends the beginning of a body and then cuts the connection. */
export function breakOff(response: ServerResponse, body: Buffer, afterBytes: number, start = 0): true {
  response.writeHead(start > 0 ? 206 : 200, {
    'content-length': body.length - start,
    ...(start > 0 ? { 'content-range': `bytes ${start}-${body.length - 1}/${body.length}` } : {}),
  });
  response.write(body.subarray(start, start + afterBytes), () => setTimeout(() => response.destroy(), 20));
  return true;
}

/** Makes a manifest of files, as the default model has one. */
export function manifestOf(files: Readonly<Record<string, Buffer>>): ModelManifest {
  const entries = Object.entries(files).map(([path, body]) => ({
    path,
    bytes: body.length,
    sha256: createHash('sha256').update(body).digest('hex'),
  }));
  return { name: 'org/small', revision: 'a'.repeat(40), files: entries };
}
