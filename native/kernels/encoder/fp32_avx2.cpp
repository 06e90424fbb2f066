// fp32 on AVX2 and FMA.
#if defined(__x86_64__)

#define COSIMO_TARGET __attribute__((target("avx2,fma")))
#define COSIMO_ACTIVATION float
#include "kernels/encoder/generic/preamble.inc"
#include "kernels/encoder/vectors/avx2.inc"
#include "kernels/encoder/tiles/register_tile.inc"
#include "kernels/encoder/generic/make_kernel.inc"

namespace cosimo {

using Tile = RegisterTile<FloatDot>;

constinit const EncoderKernel kEncoderFp32Avx2 =
    make_kernel<Tile, Tile>({"avx2", "avx2", EncoderPrecision::fp32}, nullptr);

}  // namespace cosimo

#endif
