// bf16 on AVX-512 BF16.
#if defined(__x86_64__)

#define COSIMO_TARGET __attribute__((target("avx512f,avx512bw,avx512vl,fma,avx2,avx512bf16")))
#define COSIMO_ACTIVATION Bf16
#include "kernels/encoder/generic/preamble.inc"
#include "kernels/encoder/vectors/avx512.inc"
#include "kernels/encoder/vectors/avx512_bf16.inc"
#include "kernels/encoder/tiles/register_tile.inc"
#include "kernels/encoder/generic/make_kernel.inc"

namespace cosimo {

using Tile = RegisterTile<Bf16Dot>;

constinit const EncoderKernel kEncoderBf16Avx512 =
    make_kernel<Tile, Tile>({"avx512-bf16", "avx512", EncoderPrecision::bf16}, nullptr);

}  // namespace cosimo

#endif
