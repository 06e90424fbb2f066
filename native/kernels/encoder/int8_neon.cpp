// int8 on NEON with FEAT_I8MM, with attention and its values in bf16 on FEAT_BF16.
#if defined(__aarch64__)

#if defined(__ARM_FEATURE_BF16_VECTOR_ARITHMETIC) && defined(__ARM_FEATURE_MATMUL_INT8)
#define COSIMO_TARGET
#elif defined(__clang__)
#define COSIMO_TARGET __attribute__((target("bf16,i8mm")))
#else
#define COSIMO_TARGET __attribute__((target("arch=armv8.2-a+bf16+i8mm")))
#endif
#define COSIMO_ACTIVATION Bf16
#include "kernels/encoder/generic/preamble.inc"
#include "kernels/encoder/vectors/neon.inc"
#include "kernels/encoder/vectors/neon_bf16.inc"
#include "kernels/encoder/tiles/neon_tile.inc"
#include "kernels/encoder/generic/make_kernel.inc"

namespace cosimo {

using Tile = NeonTile<ByPair<CodeMatrix>>;
using AttentionTile = NeonTile<ByLane<Bf16Lanes>>;

constinit const EncoderKernel kEncoderInt8Neon = make_kernel<Tile, AttentionTile>(
    {"neon-i8mm", "neon-dotprod", EncoderPrecision::int8}, &kEncoderBf16Neon);

}  // namespace cosimo

#endif
