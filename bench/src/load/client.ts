/** HTTP clients that keep connections open. */
import { Pool } from 'undici';
import type { Call } from './operations.ts';

const HEADERS = { 'content-type': 'application/json' };

export class Client {
  readonly #pool: Pool;

  /** @param connections how many to keep open; a further call waits for a free one */
  constructor(origin: string, connections: number) {
    this.#pool = new Pool(origin, { connections, pipelining: 1, headersTimeout: 0, bodyTimeout: 0 });
  }

  /** @returns the status, once the whole answer has arrived */
  async call({ method, path, body }: Call, signal?: AbortSignal): Promise<number> {
    const request = body === undefined ? { method, path } : { method, path, body, headers: HEADERS };
    const answer = await this.#pool.request(signal === undefined ? request : { ...request, signal });
    for await (const _ of answer.body); // read and dropped
    return answer.statusCode;
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
  }
}
