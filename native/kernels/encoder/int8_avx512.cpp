// int8 on AVX-512 VNNI without AVX-512 BF16, as on Ice Lake: attention and its values are fp32.
#include "kernels/encoder/encoder_kernel.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define COSIMO_TARGET __attribute__((target("avx512f,avx512bw,avx512vl,fma,avx2,avx512vnni")))
#define COSIMO_INLINE COSIMO_TARGET inline __attribute__((always_inline))
#include "kernels/encoder/avx512.inc"

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

using Tile = RegisterTile<CodeDot>;
using AttentionTile = RegisterTile<FloatDot>;

const EncoderKernel kEncoderInt8Avx512 = {
    .name = "avx512-vnni",
    .family = "avx512",
    .precision = EncoderPrecision::int8,
    .activation_bytes = sizeof(Activation),
    .code_bytes = 1,
    .weight_bytes = sizeof(Tile::Element),
    .tile_rows = Tile::kMostRows,
    .panel_outputs = kPanelOutputs,
    .pack = pack_weights<Tile>,
    .product = multiply_rows<Tile>,
    .norm_rows = normalise_rows<true>,
    .code_rows = code_rows<Activation>,
    .attention = attend<AttentionTile>,
    .attention_scratch_bytes = attention_scratch_bytes<AttentionTile>,
    .values_kernel = &kEncoderFp32Avx512,
};

}  // namespace cosimo

#endif
