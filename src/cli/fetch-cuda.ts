/** `node src/cli/fetch-cuda.ts`: the work of `npm run setup:cuda`. Exits with 69 when pip can't fetch a package. */
import { CUDA_FOLDER, PROVIDER_FOLDER } from '../encoder/cuda/cuda-packages.ts';
import { fetchCuda, PackageUnavailable } from '../encoder/cuda/fetch-cuda.ts';

/** EX_UNAVAILABLE of sysexits.h. */
const UNAVAILABLE = 69;

try {
  const changed = await fetchCuda({
    folder: CUDA_FOLDER,
    providerFolder: PROVIDER_FOLDER,
    environment: process.env,
    log: (line) => console.error(`cosimo: ${line}`),
  });
  console.log(`cosimo: CUDA libraries ${changed ? 'are ready' : 'were there already'} in ${CUDA_FOLDER}`);
} catch (error) {
  console.error(`cosimo: ${(error as Error).message}`);
  process.exit(error instanceof PackageUnavailable ? UNAVAILABLE : 1);
}
