// bf16 on NEON with FEAT_BF16: BFMMLA, of twice as many products as BFDOT, for dense layers; for attention
// BFDOT, whose panels are packed faster.
#include "kernels/encoder/encoder_kernel.h"

#if defined(__aarch64__)

#include <arm_neon.h>

#if defined(__ARM_FEATURE_BF16_VECTOR_ARITHMETIC)
#define COSIMO_TARGET
#elif defined(__clang__)
#define COSIMO_TARGET __attribute__((target("bf16")))
#else
#define COSIMO_TARGET __attribute__((target("arch=armv8.2-a+bf16")))
#endif
#define COSIMO_INLINE COSIMO_TARGET inline __attribute__((always_inline))
#include "kernels/encoder/neon.inc"
#include "kernels/encoder/neon_tile.inc"
#include "kernels/encoder/neon_bf16.inc"

namespace cosimo {
namespace {
using Activation = Bf16;
}
}  // namespace cosimo
#include "kernels/encoder/functions.inc"
#include "kernels/encoder/product.inc"
#include "kernels/encoder/rows.inc"
#include "kernels/encoder/attention.inc"

namespace cosimo {

using Tile = NeonTile<ByPair<Bf16Matrix>>;
using AttentionTile = NeonTile<ByLane<Bf16Lanes>>;

const EncoderKernel kEncoderBf16Neon = {
    .name = "neon-bf16",
    .family = "neon-dotprod",
    .precision = EncoderPrecision::bf16,
    .activation_bytes = sizeof(Activation),
    .code_bytes = 0,
    .weight_bytes = sizeof(Tile::Element),
    .tile_rows = Tile::kMostRows,
    .panel_outputs = kPanelOutputs,
    .pack = pack_weights<Tile>,
    .product = multiply_rows<Tile>,
    .norm_rows = normalise_rows<false>,
    .code_rows = nullptr,
    .attention = attend<AttentionTile>,
    .attention_scratch_bytes = attention_scratch_bytes<AttentionTile>,
    .values_kernel = nullptr,
};

}  // namespace cosimo

#endif
