// bf16 on AVX-512 BF16.
#include "kernels/encoder/encoder_kernel.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define COSIMO_TARGET __attribute__((target("avx512f,avx512bw,avx512vl,fma,avx2,avx512bf16")))
#define COSIMO_INLINE COSIMO_TARGET inline __attribute__((always_inline))
#include "kernels/encoder/vectors/avx512.inc"
#include "kernels/encoder/vectors/avx512_bf16.inc"
#include "kernels/encoder/generic/register_tile.inc"

namespace cosimo {
namespace {
using Activation = Bf16;
}
}  // namespace cosimo
#include "kernels/encoder/generic/arithmetic.inc"

namespace cosimo {

using Tile = RegisterTile<Bf16Dot>;

constinit const EncoderKernel kEncoderBf16Avx512 =
    make_kernel<Tile, Tile>({"avx512-bf16", "avx512", EncoderPrecision::bf16}, nullptr);

}  // namespace cosimo

#endif
