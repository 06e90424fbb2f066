/** The Hugging Face hub, or whatever HF_ENDPOINT names: which files a model has, and the files. */

import { type ModelFile, type ModelManifest, requireAllFiles } from './manifest.ts';
import { modelFilesAmong } from './model-files.ts';
import { downloadFile } from './transfer/download.ts';
import { answerError, FetchWithTimeouts } from './transfer/fetch-with-timeouts.ts';
import type { FetchJob, TransferOptions } from './transfer/transfer-options.ts';

type Environment = NodeJS.ProcessEnv;

/** The hub's address, without a slash at its end. */
export function hubEndpoint(environment: Environment): string {
  let address = environment['HF_ENDPOINT'] || 'https://huggingface.co';
  while (address.endsWith('/')) address = address.slice(0, -1);
  return address;
}

/** HF_TOKEN opens private models. */
function hubHeaders(environment: Environment): Record<string, string> {
  const token = environment['HF_TOKEN'];
  return token ? { authorization: `Bearer ${token}` } : {};
}

function addressOf(file: ModelFile, { name, revision }: ModelManifest, environment: Environment): string {
  const path = file.path.split('/').map(encodeURIComponent).join('/');
  return `${hubEndpoint(environment)}/${name}/resolve/${revision}/${path}`;
}

/** Fetches the files that `job` asks for. @throws Error in a few words */
export async function fetchFromHub(manifest: ModelManifest, job: FetchJob): Promise<void> {
  const { environment, progress, files } = job;
  const server = { headers: hubHeaders(environment), hasAnswered: false };
  const total = files.reduce((sum, file) => sum + (file.bytes ?? 0), 0);
  progress.start(manifest.name, total);
  try {
    // Small files first: an unreachable server is noticed before the large file.
    for (const file of files.toSorted((a, b) => (a.bytes ?? 0) - (b.bytes ?? 0))) {
      await downloadFile(addressOf(file, manifest, environment), file, server, job);
    }
  } finally {
    progress.stop();
  }
}

interface Sibling {
  readonly rfilename: string;
  readonly size?: number;
  readonly lfs?: { readonly sha256?: string; readonly size?: number };
}

interface HubAnswer {
  readonly sha?: string;
  readonly siblings?: readonly Sibling[];
}

/**
 * Asks the hub for a model's commit and for its files that affect vectors. Other names of the listing are ignored.
 * @throws Error in a few words
 */
export async function listOnHub(name: string, revision: string, options: TransferOptions): Promise<ModelManifest> {
  const url = `${hubEndpoint(options.environment)}/api/models/${name}/revision/${encodeURIComponent(revision)}?blobs=true`;
  const { sha = '', siblings = [] } = await askHub<HubAnswer>(url, 'GET', options, (response) => {
    if (!response.ok) throw answerError(response);
    return response.json() as Promise<HubAnswer>;
  });
  if (!/^[0-9a-f]{40}$/.test(sha)) throw new Error('the server names no commit');
  const wanted = modelFilesAmong(siblings.map(({ rfilename }) => rfilename));
  const files = wanted.map((path) => toModelFile(siblings.find(({ rfilename }) => rfilename === path) as Sibling));
  const manifest = requireAllFiles({ name, revision: sha, files });
  return { ...manifest, files: await Promise.all(files.map((file) => withDigest(file, manifest, options))) };
}

function toModelFile({ rfilename: path, size, lfs }: Sibling): ModelFile {
  const bytes = lfs?.size ?? size;
  return {
    path,
    ...(bytes === undefined ? {} : { bytes }),
    ...(lfs?.sha256 === undefined ? {} : { sha256: lfs.sha256 }),
  };
}

/** The listing may lack a digest. The hub sends it in its own answer, before it redirects to a large file. */
async function withDigest(file: ModelFile, manifest: ModelManifest, options: TransferOptions): Promise<ModelFile> {
  if (file.sha256 !== undefined) return file;
  const etag = await askHub(addressOf(file, manifest, options.environment), 'HEAD', options, ({ headers }) =>
    Promise.resolve(headers.get('x-linked-etag') ?? headers.get('etag')),
  );
  // Files that lie in git itself have git's own digest here, which is shorter.
  const sha256 = /^"?([0-9a-f]{64})"?$/.exec(etag ?? '')?.[1];
  return sha256 === undefined ? file : { ...file, sha256 };
}

async function askHub<T>(
  url: string,
  method: 'GET' | 'HEAD',
  { environment, timeouts, signal }: TransferOptions,
  read: (response: Response) => Promise<T>,
): Promise<T> {
  const request = new FetchWithTimeouts(timeouts, signal);
  try {
    const redirect = method === 'HEAD' ? 'manual' : 'follow';
    return await read(await request.fetch(url, { method, redirect, headers: hubHeaders(environment) }));
  } finally {
    request.end();
  }
}
