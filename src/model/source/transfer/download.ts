/** Fetches a file over HTTP and resumes where it broke off. */
import { open, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { ModelFile } from '../manifest.ts';
import { faultOfFile } from './digest.ts';
import { answerError, FetchWithTimeouts, PermanentFailure, reasonOf } from './fetch-with-timeouts.ts';
import { commitPartial, keepPartial, openPartial } from './partial-file.ts';
import type { FetchJob } from './transfer-options.ts';

/** What the downloads of one start share about a server. */
export interface Server {
  /** Sent to the address's own origin only. */
  readonly headers: Readonly<Record<string, string>>;
  /** A server that never answered is not retried; the next source is tried. */
  hasAnswered: boolean;
}

interface Download {
  readonly url: string;
  readonly file: ModelFile;
  readonly server: Server;
  readonly job: FetchJob;
}

/** @throws Error in a few words: what the server did, or how the bytes differ from what was expected */
export async function downloadFile(url: string, file: ModelFile, server: Server, job: FetchJob): Promise<void> {
  const download = { url, file, server, job };
  const path = join(job.dir, file.path);
  const partial = await openPartial(path);
  try {
    const inherited = (await stat(partial)).size;
    job.progress.advance(inherited);
    await fetchAll(download, partial);
    if (inherited > 0 && (await faultOfFile(partial, file)) !== undefined) {
      job.log(`${file.path}: what an earlier start left of it doesn't fit; fetching it whole`);
      await beginAnew(partial, job);
      await fetchAll(download, partial);
    }
  } catch (error) {
    await keepPartial(partial, path);
    throw error;
  }
  await commitPartial(partial, path, file);
}

/** Tries until the server has sent everything, the attempts are used up, or the answer is final. */
async function fetchAll(download: Download, partial: string): Promise<void> {
  const { timeouts, log, signal } = download.job;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await fetchRest(download, partial);
    } catch (error) {
      signal?.throwIfAborted();
      const reason = `${download.file.path}: ${reasonOf(error)}`;
      const isFinal = error instanceof PermanentFailure || !download.server.hasAnswered;
      if (isFinal || attempt >= timeouts.attempts) throw new Error(reason, { cause: error });
      log(`${reason}; trying again`);
      await pause(timeouts.backoff_ms * 2 ** (attempt - 1), undefined, signal === undefined ? {} : { signal });
    }
  }
}

async function fetchRest({ url, file, server, job }: Download, partial: string): Promise<void> {
  const have = (await stat(partial)).size;
  const headers = {
    ...server.headers,
    // The bytes of a compressed answer can be neither counted nor resumed.
    'accept-encoding': 'identity',
    ...(have === 0 ? {} : { range: `bytes=${have}-` }),
  };
  const request = new FetchWithTimeouts(job.timeouts, job.signal);
  try {
    const response = await request.fetch(url, { headers });
    server.hasAnswered = true;
    // 416: the server has no more bytes. The digest will tell whether the file is whole.
    if (response.status === 416) return;
    if (!response.ok) throw answerError(response);
    const continues = response.status === 206 && response.headers.get('content-range')?.startsWith(`bytes ${have}-`);
    if (!continues) await beginAnew(partial, job);
    await appendBody(request, response, partial, file, job);
  } finally {
    request.end();
  }
}

async function beginAnew(partial: string, { progress }: FetchJob): Promise<void> {
  progress.advance(-(await stat(partial)).size);
  await truncate(partial);
}

async function appendBody(
  request: FetchWithTimeouts,
  response: Response,
  partial: string,
  { bytes = Number.POSITIVE_INFINITY }: ModelFile,
  { progress }: FetchJob,
): Promise<void> {
  const expected = Number(response.headers.get('content-length') ?? Number.NaN);
  const handle = await open(partial, 'a');
  let room = bytes - (await handle.stat()).size;
  let received = 0;
  try {
    for await (const chunk of response.body ?? []) {
      request.sawBytes();
      room -= chunk.length;
      if (room < 0) throw new PermanentFailure(`the server sends more than ${bytes} bytes`);
      await handle.writeFile(chunk);
      received += chunk.length;
      progress.advance(chunk.length);
    }
  } finally {
    await handle.close();
  }
  if (received < expected) throw new Error(`the server broke off after ${received} of ${expected} bytes`);
}
