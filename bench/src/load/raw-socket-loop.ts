/** A closed loop of lean clients, which use raw sockets: even on two cores it measures the service rather than the clients. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Round } from '../trial/protocol.ts';
import { latencies, newHistogram, recordLatency } from './latencies.ts';
import type { Call, OperationSource } from './operations.ts';

const END_OF_HEAD = Buffer.from('\r\n\r\n');
const NO_BYTES = Buffer.alloc(0);
const LENGTH = /\r\ncontent-length: (\d+)\r\n/i;
/** Room for the head of an answer. The body is counted, not kept. */
const HEAD_BYTES_MAX = 16 * 1024;

/**
 * Does what `closedLoop` does, over raw sockets. Requests are rendered before the round, and clients read only status and length
 * of an answer.
 *
 * @param staysAwake keeps a core busy while the service doesn't use it. On a virtual machine, waking a client that sleeps costs
 * the service as much as the whole answer; a client on another machine costs it nothing
 * @throws Error when any call isn't answered 200, or without a length
 */
export async function rawSocketLoop(
  origin: string,
  source: OperationSource,
  connections: number,
  duration_s: number,
  staysAwake: boolean,
): Promise<Round> {
  const requests = Array.from({ length: REQUESTS }, () => render(origin, source.next().call));
  const clients = await Promise.all(Array.from({ length: connections }, () => RawSocketClient.open(origin)));
  const histogram = newHistogram();
  const began_ms = performance.now();
  const end_ms = began_ms + duration_s * 1000;
  let next = 0;
  let answers = 0;
  async function loop(client: RawSocketClient): Promise<void> {
    await new Promise<void>((done, fail) => {
      let asked_ms = performance.now();
      const ask = () => client.ask(requests[next++ % REQUESTS] as Buffer);
      client.onAnswer = () => {
        const now_ms = performance.now();
        recordLatency(histogram, now_ms - asked_ms);
        answers += 1;
        if (now_ms >= end_ms) return done();
        asked_ms = now_ms;
        ask();
      };
      client.onFault = fail;
      ask();
    });
  }
  let over = false;
  const stayAwake = () => {
    if (!over) setImmediate(stayAwake);
  };
  if (staysAwake) stayAwake();
  try {
    await Promise.all(clients.map(loop));
    return { value: (answers / (performance.now() - began_ms)) * 1000, extra: latencies(histogram) };
  } finally {
    over = true;
    for (const client of clients) client.close();
  }
}

/** Requests sent in turn: enough that no two equal ones are in flight at once, which the service would merge. */
export const REQUESTS = 512;

function render(origin: string, { method, path, body = '' }: Call): Buffer {
  const head = [
    `${method} ${path} HTTP/1.1`,
    `host: ${new URL(origin).host}`,
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(body)}`,
  ];
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`);
}

class RawSocketClient {
  onAnswer: () => void = () => {};
  onFault: (error: Error) => void = () => {};
  readonly #socket: Socket;
  /** The part of the head that has arrived; empty while a body arrives. */
  #head: Buffer = NO_BYTES;
  /** Bytes of the body that have not arrived yet. */
  #left = 0;

  static async open(origin: string): Promise<RawSocketClient> {
    const { hostname, port } = new URL(origin);
    const client = new RawSocketClient(hostname, Number(port));
    await once(client.#socket, 'connect');
    return client;
  }

  constructor(host: string, port: number) {
    const onread = {
      buffer: Buffer.allocUnsafeSlow(64 * 1024),
      callback: (bytes: number, buffer: Uint8Array) => {
        this.#take(buffer as Buffer, bytes);
        return true;
      },
    };
    this.#socket = connect({ host, port, noDelay: true, onread });
    this.#socket.on('error', (error) => this.onFault(error));
    this.#socket.on('close', () => this.onFault(new Error('the connection was closed')));
  }

  ask(request: Buffer): void {
    this.#socket.write(request);
  }

  close(): void {
    this.onFault = () => {};
    this.#socket.destroy();
  }

  #take(buffer: Buffer, bytes: number): void {
    const ofBody = this.#left === 0 ? this.#takeHead(buffer.subarray(0, bytes)) : bytes;
    this.#left -= ofBody;
    if (this.#left === 0 && this.#head.length === 0) this.onAnswer();
  }

  /** @returns the bytes of the body that arrived with the head */
  #takeHead(came: Buffer): number {
    const bytes = this.#head.length === 0 ? came : Buffer.concat([this.#head, came]);
    const end = bytes.indexOf(END_OF_HEAD);
    if (end < 0 && bytes.length < HEAD_BYTES_MAX) {
      this.#head = Buffer.from(bytes);
      return 0;
    }
    const text = bytes.toString('latin1', 0, Math.max(0, end) + 2);
    const length = LENGTH.exec(text)?.[1];
    if (!text.startsWith('HTTP/1.1 200 ') || length === undefined) {
      this.#head = bytes; // an answer that is refused ends the loop: no further bytes are parsed
      this.onFault(new Error(`was answered ${text.split('\r\n', 1)[0]}`));
      return 0;
    }
    this.#head = NO_BYTES;
    this.#left = Number(length);
    return bytes.length - end - END_OF_HEAD.length;
  }
}
