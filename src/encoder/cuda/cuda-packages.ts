/**
 * The libraries that ONNX Runtime needs for CUDA besides the driver, and the Python packages that hold them.
 *
 * `readelf -d libonnxruntime_providers_cuda.so` (1.30.0) names cuBLAS 13, cuRAND 10, the CUDA 13 runtime and libcuda.so.1,
 * which comes with the driver. cuBLAS needs NVRTC where it compiles a kernel for the matrices at hand.
 * cuDNN and cuFFT, half a gigabyte, are opened only by operators that Cosimo's graph doesn't have.
 */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface CudaPackage {
  /** A requirement for pip that names exactly one version, such as `name==1.0`. */
  readonly requirement: string;
  /** Options of `pip download` that name the wheel's tags, so that the pip of any Python takes it. */
  readonly tags: readonly string[];
  /** The folder of the libraries in the wheel, with a slash at its end. */
  readonly folder: string;
  /** Each comes after the libraries that it needs. */
  readonly libraries: readonly string[];
}

const NVIDIA = 'nvidia/cu13/lib/';

/** The packages, in the order in which their libraries must be opened. */
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
/** Where set-up puts the libraries; git ignores it. */
export const CUDA_FOLDER = fileURLToPath(new URL('../../../build/cuda', import.meta.url));

/** The provider for the installed version of ONNX Runtime: npm and PyPI have two halves of one build. */
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

/** Whether ONNX Runtime has a CUDA provider, from our set-up or from elsewhere. */
export function hasProvider(): boolean {
  return existsSync(join(PROVIDER_FOLDER, PROVIDER));
}
