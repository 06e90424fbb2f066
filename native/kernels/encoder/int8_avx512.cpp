// int8 on AVX-512 VNNI without AVX-512 BF16, as on Ice Lake: attention and its values are fp32.
#if defined(__x86_64__)

#define COSIMO_TARGET __attribute__((target("avx512f,avx512bw,avx512vl,fma,avx2,avx512vnni")))
#define COSIMO_ACTIVATION float
#include "kernels/encoder/generic/preamble.inc"
#include "kernels/encoder/vectors/avx512.inc"
#include "kernels/encoder/vectors/avx512_vnni.inc"
#include "kernels/encoder/tiles/register_tile.inc"
#include "kernels/encoder/generic/make_kernel.inc"

namespace cosimo {

using Tile = RegisterTile<CodeDot>;
using AttentionTile = RegisterTile<FloatDot>;

constinit const EncoderKernel kEncoderInt8Avx512 =
    make_kernel<Tile, AttentionTile>({"avx512-vnni", "avx512", EncoderPrecision::int8}, &kEncoderFp32Avx512);

}  // namespace cosimo

#endif
