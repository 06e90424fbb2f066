// fp32 on AVX2 and FMA.
#include "kernels/encoder/encoder_kernel.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define COSIMO_TARGET __attribute__((target("avx2,fma")))
#define COSIMO_INLINE COSIMO_TARGET inline __attribute__((always_inline))
#include "kernels/encoder/avx2.inc"

namespace cosimo {
namespace {
using Activation = float;
}
}  // namespace cosimo
#include "kernels/encoder/functions.inc"
#include "kernels/encoder/register_tile.inc"
#include "kernels/encoder/product.inc"
#include "kernels/encoder/rows.inc"
#include "kernels/encoder/attention.inc"

namespace cosimo {

using Tile = RegisterTile<FloatDot>;

const EncoderKernel kEncoderFp32Avx2 = {
    .name = "avx2",
    .family = "avx2",
    .precision = EncoderPrecision::fp32,
    .activation_bytes = sizeof(Activation),
    .code_bytes = 0,
    .weight_bytes = sizeof(Tile::Element),
    .tile_rows = Tile::kMostRows,
    .panel_outputs = kPanelOutputs,
    .pack = pack_weights<Tile>,
    .product = multiply_rows<Tile>,
    .norm_rows = normalise_rows<false>,
    .code_rows = nullptr,
    .attention = attend<Tile>,
    .attention_scratch_bytes = attention_scratch_bytes<Tile>,
    .values_kernel = nullptr,
};

}  // namespace cosimo

#endif
