/** One file over HTTP, taken up again where it broke off. */
import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Delivery, Patience } from './delivery.ts';
import type { ModelFile } from './manifest.ts';
import { acceptPartial, claimPartial, leavePartial } from './partial-file.ts';

/** An answer that another attempt would not change. */
class FinalAnswer extends Error {}

/**
 * @param headers go to the address's own origin; a redirect to another one is followed without Authorization
 * @throws Error in a few words: what the server did, or how the bytes differ from what was expected
 */
export async function downloadFile(
  url: string,
  headers: Readonly<Record<string, string>>,
  file: ModelFile,
  delivery: Delivery,
): Promise<void> {
  const path = join(delivery.dir, file.path);
  const partial = await claimPartial(path);
  try {
    await withRetries(delivery, file, () => fetchRest(url, headers, partial, delivery));
  } catch (error) {
    await leavePartial(partial, path);
    throw error;
  }
  await acceptPartial(partial, path, file);
}

async function withRetries({ patience, log }: Delivery, file: ModelFile, attempt: () => Promise<void>): Promise<void> {
  for (let count = 1; ; count += 1) {
    try {
      return await attempt();
    } catch (error) {
      const reason = reasonOf(error);
      if (error instanceof FinalAnswer || count >= patience.attempts) throw new Error(`${file.path}: ${reason}`);
      log(`${file.path}: ${reason}; trying again`);
      await pause(patience.backoff_ms * 2 ** (count - 1));
    }
  }
}

async function fetchRest(
  url: string,
  headers: Readonly<Record<string, string>>,
  partial: string,
  delivery: Delivery,
): Promise<void> {
  const have = (await stat(partial)).size;
  const range: Record<string, string> = have === 0 ? {} : { range: `bytes=${have}-` };
  const patient = new PatientFetch(delivery.patience);
  try {
    const response = await firstContact(have === 0, () => patient.fetch(url, { ...headers, ...range }));
    // 416: there is nothing behind what we have, which the check of the whole file will judge.
    if (response.status === 416) return;
    if (!response.ok) throw answerError(response);
    const appends = response.status === 206 && response.headers.get('content-range')?.startsWith(`bytes ${have}-`);
    await writeBody(patient, response, partial, appends ? 'a' : 'w', delivery);
  } finally {
    patient.end();
  }
}

/** A server that can't be reached at the outset won't be in a second: the next source is asked instead. */
async function firstContact(isFirst: boolean, contact: () => Promise<Response>): Promise<Response> {
  try {
    return await contact();
  } catch (error) {
    throw isFirst ? new FinalAnswer(reasonOf(error)) : error;
  }
}

async function writeBody(
  patient: PatientFetch,
  response: Response,
  partial: string,
  flags: 'a' | 'w',
  { progress }: Delivery,
): Promise<void> {
  const handle = await open(partial, flags);
  const expected = Number(response.headers.get('content-length') ?? Number.NaN);
  let received = 0;
  try {
    for await (const chunk of response.body ?? []) {
      patient.sawBytes();
      await handle.write(chunk);
      received += chunk.length;
      progress.advance(chunk.length);
    }
  } finally {
    await handle.close();
  }
  if (received < expected) throw new Error(`the server broke off after ${received} of ${expected} bytes`);
}

/** Gives up when the server doesn't answer in time, or stops in the middle. */
export class PatientFetch {
  readonly #patience: Patience;
  readonly #controller = new AbortController();
  #timer: NodeJS.Timeout | undefined;

  constructor(patience: Patience) {
    this.#patience = patience;
  }

  async fetch(url: string, headers: Readonly<Record<string, string>>): Promise<Response> {
    this.#wait(this.#patience.connect_ms, 'no answer');
    const response = await fetch(url, { headers, signal: this.#controller.signal });
    this.sawBytes();
    return response;
  }

  sawBytes(): void {
    this.#wait(this.#patience.stall_ms, 'no more bytes came');
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#controller.abort();
  }

  #wait(limit_ms: number, what: string): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#controller.abort(new Error(`${what} within ${limit_ms / 1000} s`)), limit_ms);
  }
}

/** Refusals are final; what a server says when it is in trouble is not. */
export function answerError(response: Response): Error {
  const words = `the server answered ${response.status} ${response.statusText}`.trim();
  return response.status < 500 && response.status !== 429 ? new FinalAnswer(words) : new Error(words);
}

/** An error in a few words: undici's `fetch failed` says nothing, its cause does. */
export function reasonOf(error: unknown): string {
  const { message, cause } = error as { message?: string; cause?: { message?: string; code?: string } };
  return (message === 'fetch failed' ? cause?.message || cause?.code : undefined) ?? message ?? String(error);
}
