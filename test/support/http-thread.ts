/** A client in a thread of its own, so that its work does not delay the event loop of the service. */
import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { type RawAnswer, type RawRequest, rawRequest } from './raw-http.ts';

/** A body as repeated pieces, so that the service's thread makes no large body. */
export interface RepeatedRequest extends Omit<RawRequest, 'body'> {
  readonly pieces: readonly (readonly [piece: string, times: number])[];
}

/** Like `rawRequest`, but returns only the beginning of a long answer. */
export async function requestFromThread(
  origin: string,
  request: RepeatedRequest,
): Promise<Pick<RawAnswer, 'status' | 'text'>> {
  const worker = new Worker(new URL(import.meta.url), { workerData: { origin, request } });
  const [answer] = (await once(worker, 'message')) as [Pick<RawAnswer, 'status' | 'text'>];
  return answer;
}

const TEXT_CHARS_MAX = 1000;

async function main(): Promise<void> {
  const { origin, request } = workerData as { origin: string; request: RepeatedRequest };
  const { pieces, ...rest } = request;
  const body = pieces.map(([piece, times]) => piece.repeat(times)).join('');
  const { status, text } = await rawRequest(origin, { ...rest, body: Buffer.from(body) });
  parentPort?.postMessage({ status, text: text.slice(0, TEXT_CHARS_MAX) });
}

if (!isMainThread) await main();
