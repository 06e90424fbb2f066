// fp32 on AVX-512.
#if defined(__x86_64__)

#define COSIMO_TARGET __attribute__((target("avx512f,avx512bw,avx512vl,fma,avx2")))
#define COSIMO_ACTIVATION float
#include "kernels/encoder/generic/preamble.inc"
#include "kernels/encoder/vectors/avx512.inc"
#include "kernels/encoder/tiles/register_tile.inc"
#include "kernels/encoder/generic/make_kernel.inc"

namespace cosimo {

using Tile = RegisterTile<FloatDot>;

constinit const EncoderKernel kEncoderFp32Avx512 =
    make_kernel<Tile, Tile>({"avx512", "avx512", EncoderPrecision::fp32}, nullptr);

}  // namespace cosimo

#endif
