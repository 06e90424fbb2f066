/** The CUDA libraries that set-up has fetched, opened before ONNX Runtime looks for them. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { native } from '../../native/binding.ts';
import { CUDA_FOLDER, CUDA_PACKAGES, hasProvider } from './cuda-packages.ts';

const NOT_INSTALLED = 'its libraries are not installed; `npm run setup:cuda` fetches them';

/** What an encoder that insists on CUDA says before the reason why it can't be had. */
export const CUDA_REFUSED = 'DEVICE=cuda, but CUDA cannot be used here: ';

/** @returns why CUDA can't be had, as far as that is seen without opening anything; undefined if it may be had */
export function missingForCuda(): string | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'its provider is made for Linux on x86-64';
  return hasProvider() ? undefined : NOT_INSTALLED;
}

/**
 * Opens them by their full paths, those first that others need: ONNX Runtime's provider, which asks for them by name
 * alone, then finds them open, and nobody has to set LD_LIBRARY_PATH before the process starts. That is for the whole
 * process, whichever thread does it: a second call, from another thread or a later one, finds them open. Without
 * build/cuda it opens nothing, and the system's own libraries are used.
 *
 * @returns the folder they were opened from, or undefined
 * @throws Error in a few words that say what to do, when nothing was ever set up, or a file cannot be opened
 */
export function loadCudaLibraries(): string | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined; // ONNX Runtime has a sentence for these
  if (!hasProvider()) throw new Error(NOT_INSTALLED);
  if (!existsSync(CUDA_FOLDER)) return undefined;
  for (const { libraries } of CUDA_PACKAGES) {
    for (const library of libraries) native.openSharedLibrary(join(CUDA_FOLDER, library));
  }
  requireDriver();
  return CUDA_FOLDER;
}

/** The provider needs it too, but ONNX Runtime would say only that it failed to load. */
function requireDriver(): void {
  try {
    native.openSharedLibrary('libcuda.so.1');
  } catch (cause) {
    throw new Error(`the NVIDIA driver is not installed (${(cause as Error).message})`, { cause });
  }
}
