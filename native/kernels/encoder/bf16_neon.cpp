// bf16 on NEON with FEAT_BF16: dense layers use BFMMLA, which does twice as many products as BFDOT; attention
// uses BFDOT, whose panels are packed faster.
#if defined(__aarch64__)

#if defined(__ARM_FEATURE_BF16_VECTOR_ARITHMETIC)
#define COSIMO_TARGET
#elif defined(__clang__)
#define COSIMO_TARGET __attribute__((target("bf16")))
#else
#define COSIMO_TARGET __attribute__((target("arch=armv8.2-a+bf16")))
#endif
#define COSIMO_ACTIVATION Bf16
#include "kernels/encoder/generic/preamble.inc"
#include "kernels/encoder/vectors/neon.inc"
#include "kernels/encoder/vectors/neon_bf16.inc"
#include "kernels/encoder/tiles/neon_tile.inc"
#include "kernels/encoder/generic/make_kernel.inc"

namespace cosimo {

using Tile = NeonTile<ByPair<Bf16Matrix>>;
using AttentionTile = NeonTile<ByLane<Bf16Lanes>>;

constinit const EncoderKernel kEncoderBf16Neon =
    make_kernel<Tile, AttentionTile>({"neon-bf16", "neon-dotprod", EncoderPrecision::bf16}, nullptr);

}  // namespace cosimo

#endif
