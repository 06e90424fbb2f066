// fp32 on AVX2 and FMA.
#include "kernels/encoder/encoder_kernel.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define COSIMO_TARGET __attribute__((target("avx2,fma")))
#define COSIMO_INLINE COSIMO_TARGET inline __attribute__((always_inline))
#include "kernels/encoder/vectors/avx2.inc"
#include "kernels/encoder/generic/register_tile.inc"

namespace cosimo {
namespace {
using Activation = float;
}
}  // namespace cosimo
#include "kernels/encoder/generic/arithmetic.inc"

namespace cosimo {

using Tile = RegisterTile<FloatDot>;

constinit const EncoderKernel kEncoderFp32Avx2 =
    make_kernel<Tile, Tile>({"avx2", "avx2", EncoderPrecision::fp32}, nullptr);

}  // namespace cosimo

#endif
