// int8 on AVX-512 VNNI, with attention and its values in bf16 on AVX-512 BF16.
#if defined(__x86_64__)

#define COSIMO_TARGET __attribute__((target("avx512f,avx512bw,avx512vl,fma,avx2,avx512bf16,avx512vnni")))
#define COSIMO_ACTIVATION Bf16
#include "kernels/encoder/generic/preamble.inc"
#include "kernels/encoder/vectors/avx512.inc"
#include "kernels/encoder/vectors/avx512_bf16.inc"
#include "kernels/encoder/vectors/avx512_vnni.inc"
#include "kernels/encoder/tiles/register_tile.inc"
#include "kernels/encoder/generic/make_kernel.inc"

namespace cosimo {

using Tile = RegisterTile<CodeDot>;
using AttentionTile = RegisterTile<Bf16Dot>;

constinit const EncoderKernel kEncoderInt8Avx512Bf16 = make_kernel<Tile, AttentionTile>(
    {"avx512-vnni-bf16", "avx512", EncoderPrecision::int8}, &kEncoderBf16Avx512);

}  // namespace cosimo

#endif
