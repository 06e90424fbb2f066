/** The CUDA libraries that set-up has fetched, opened before ONNX Runtime looks for them. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { native } from '../../native/binding.ts';
import { CUDA_FOLDER, CUDA_PACKAGES, hasProvider } from './cuda-packages.ts';

const NOT_INSTALLED = 'its libraries are not installed; `npm run setup:cuda` fetches them';

/** The beginning of the error when CUDA can't be used although DEVICE=cuda; the reason follows. */
export const CUDA_REFUSED = 'DEVICE=cuda, but CUDA cannot be used here: ';

/** @returns why CUDA is unavailable, judged by which files exist; undefined if it may work */
export function missingForCuda(): string | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'its provider is made for Linux on x86-64';
  return hasProvider() ? undefined : NOT_INSTALLED;
}

/**
 * Opens the libraries by their full paths, each after those that it needs. ONNX Runtime's provider asks for them by name and
 * finds them open, so that nobody has to set LD_LIBRARY_PATH. They are open for the whole process: a second call, from any
 * thread, changes nothing. Without build/cuda nothing is opened, and the system's libraries are used.
 *
 * @returns the folder they were opened from, or undefined
 * @throws Error in a few words that say what to do: nothing has been set up, or a file cannot be opened
 */
export function loadCudaLibraries(): string | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined; // ONNX Runtime says so itself
  if (!hasProvider()) throw new Error(NOT_INSTALLED);
  if (!existsSync(CUDA_FOLDER)) return undefined;
  for (const { libraries } of CUDA_PACKAGES) {
    for (const library of libraries) native.openSharedLibrary(join(CUDA_FOLDER, library));
  }
  requireDriver();
  return CUDA_FOLDER;
}

/** The provider needs the driver. Without this check ONNX Runtime would say only that it failed to load. */
function requireDriver(): void {
  try {
    native.openSharedLibrary('libcuda.so.1');
  } catch (cause) {
    throw new Error(`the NVIDIA driver is not installed (${(cause as Error).message})`, { cause });
  }
}
