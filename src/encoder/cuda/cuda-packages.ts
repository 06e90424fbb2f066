/**
 * What ONNX Runtime needs for CUDA beyond the driver, and which Python packages hold it; wheels are only unpacked.
 *
 * `readelf -d libonnxruntime_providers_cuda.so` (1.30.0) names cuBLAS 13, cuRAND 10, the CUDA 13 runtime and libcuda.so.1,
 * which is the driver's and comes with it. cuBLAS asks for NVRTC where it compiles a kernel for the matrices at hand.
 * cuDNN and cuFFT are opened only by operators that Cosimo's graph doesn't have; half a gigabyte for nothing.
 */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface CudaPackage {
  /** For pip, such as `name==1.0`: exactly one version. */
  readonly requirement: string;
  /** The tags of the wheel, so that the pip of any Python takes it: options of `pip download`. */
  readonly tags: readonly string[];
  /** Where in the wheel the libraries lie, with the slash. */
  readonly folder: string;
  /** In an order in which each finds those before it that it needs. */
  readonly libraries: readonly string[];
}

const NVIDIA = 'nvidia/cu13/lib/';

/** In the order in which they are to be opened. */
export const CUDA_PACKAGES: readonly CudaPackage[] = [
  {
    requirement: 'nvidia-cuda-runtime==13.5.37',
    tags: ['--platform=manylinux2014_x86_64'],
    folder: NVIDIA,
    libraries: ['libcudart.so.13'],
  },
  {
    requirement: 'nvidia-cuda-nvrtc==13.5.37',
    tags: ['--platform=manylinux2010_x86_64'],
    folder: NVIDIA,
    libraries: ['libnvrtc-builtins.so.13.5', 'libnvrtc.so.13'],
  },
  {
    requirement: 'nvidia-cublas==13.10.0.20',
    tags: ['--platform=manylinux1_x86_64'],
    folder: NVIDIA,
    libraries: ['libcublasLt.so.13', 'libcublas.so.13'],
  },
  {
    requirement: 'nvidia-curand==10.4.5.25',
    tags: ['--platform=manylinux_2_27_x86_64'],
    folder: NVIDIA,
    libraries: ['libcurand.so.10'],
  },
];

const PROVIDER = 'libonnxruntime_providers_cuda.so';
const ONNX_RUNTIME = dirname(dirname(createRequire(import.meta.url).resolve('onnxruntime-node')));

/** Where ONNX Runtime looks for its providers: beside its own library. */
export const PROVIDER_FOLDER = join(ONNX_RUNTIME, 'bin', 'napi-v6', 'linux', 'x64');
/** Where set-up puts what it fetches; git ignores it. */
export const CUDA_FOLDER = fileURLToPath(new URL('../../../build/cuda', import.meta.url));

/** The provider, of the same version as the ONNX Runtime that is installed: one build, of which npm has the other half. */
export function providerPackage(): CudaPackage {
  const { version } = JSON.parse(readFileSync(join(ONNX_RUNTIME, 'package.json'), 'utf8')) as { version: string };
  return {
    requirement: `onnxruntime-gpu==${version}`,
    // Any Python's wheel holds the same provider.
    tags: ['--platform=manylinux_2_28_x86_64', '--python-version=3.11', '--implementation=cp', '--abi=cp311'],
    folder: 'onnxruntime/capi/',
    libraries: ['libonnxruntime_providers_shared.so', PROVIDER],
  };
}

/** Whether ONNX Runtime finds a provider, ours or one that was put there otherwise. */
export function hasProvider(): boolean {
  return existsSync(join(PROVIDER_FOLDER, PROVIDER));
}
