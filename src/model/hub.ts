/** The Hugging Face hub, or whatever HF_ENDPOINT names: which files a model has, and the files. */

import type { Delivery } from './delivery.ts';
import { answerError, downloadFile, PatientFetch } from './download.ts';
import { DECIDING_FILES, type ModelFile, type ModelManifest } from './manifest.ts';

type Environment = NodeJS.ProcessEnv;

/** Without a slash at its end. */
export function hubEndpoint(environment: Environment): string {
  return (environment['HF_ENDPOINT'] || 'https://huggingface.co').replace(/\/+$/, '');
}

/** HF_TOKEN opens private models. */
function hubHeaders(environment: Environment): Record<string, string> {
  const token = environment['HF_TOKEN'];
  return token ? { authorization: `Bearer ${token}` } : {};
}

/** Fetches all files that aren't there yet. @throws Error in a few words */
export async function fetchFromHub({ name, revision, files }: ModelManifest, delivery: Delivery): Promise<void> {
  const { environment, progress } = delivery;
  const total = files.reduce((sum, file) => sum + (file.bytes ?? 0), 0);
  progress.start(name, total);
  try {
    // The small files first: a server that can't be reached is noticed before the large one.
    for (const file of files.toSorted((a, b) => (a.bytes ?? 0) - (b.bytes ?? 0))) {
      const path = file.path.split('/').map(encodeURIComponent).join('/');
      await downloadFile(
        `${hubEndpoint(environment)}/${name}/resolve/${revision}/${path}`,
        hubHeaders(environment),
        file,
        delivery,
      );
    }
  } finally {
    progress.stop();
  }
}

interface HubAnswer {
  readonly sha?: string;
  readonly siblings?: readonly { rfilename: string; size?: number; lfs?: { sha256?: string; size?: number } }[];
}

/** Asks the hub for a model's commit and those of its files that decide over vectors; what else it holds is left there. @throws Error in a few words */
export async function listOnHub(
  name: string,
  revision: string,
  delivery: Omit<Delivery, 'dir' | 'files'>,
): Promise<ModelManifest> {
  const { environment, patience } = delivery;
  const patient = new PatientFetch(patience);
  try {
    const url = `${hubEndpoint(environment)}/api/models/${name}/revision/${encodeURIComponent(revision)}?blobs=true`;
    const response = await patient.fetch(url, hubHeaders(environment));
    if (!response.ok) throw answerError(response);
    const { sha, siblings = [] } = (await response.json()) as HubAnswer;
    if (!/^[0-9a-f]{40}$/.test(sha ?? '')) throw new Error('the server names no commit');
    const files = siblings
      .filter(({ rfilename }) => DECIDING_FILES.some((path) => path === rfilename))
      .map(toModelFile);
    return { name, revision: sha as string, files };
  } finally {
    patient.end();
  }
}

function toModelFile({ rfilename: path, size, lfs }: NonNullable<HubAnswer['siblings']>[number]): ModelFile {
  const bytes = lfs?.size ?? size;
  return {
    path,
    ...(bytes === undefined ? {} : { bytes }),
    ...(lfs?.sha256 === undefined ? {} : { sha256: lfs.sha256 }),
  };
}
