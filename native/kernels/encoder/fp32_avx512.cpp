// fp32 on AVX-512.
#include "kernels/encoder/encoder_kernel.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define COSIMO_TARGET __attribute__((target("avx512f,avx512bw,avx512vl,fma,avx2")))
#define COSIMO_INLINE COSIMO_TARGET inline __attribute__((always_inline))
#include "kernels/encoder/vectors/avx512.inc"
#include "kernels/encoder/generic/register_tile.inc"

namespace cosimo {
namespace {
using Activation = float;
}
}  // namespace cosimo
#include "kernels/encoder/generic/arithmetic.inc"

namespace cosimo {

using Tile = RegisterTile<FloatDot>;

constinit const EncoderKernel kEncoderFp32Avx512 =
    make_kernel<Tile, Tile>({"avx512", "avx512", EncoderPrecision::fp32}, nullptr);

}  // namespace cosimo

#endif
