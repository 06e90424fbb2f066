// int8 on AMX: TDPBUSD, with attention and its values in bf16 by TDPBF16PS.
#if defined(COSIMO_EMULATED_TILES)
#include "support/emulated_tiles.h"  // tests compile this file a second time, under another name
#endif

#include "kernels/encoder/encoder_kernel.h"

#if defined(__x86_64__)

#include "kernels/amx_config.h"
#if !defined(COSIMO_EMULATED_TILES)
#include "kernels/amx_tiles.h"
#endif
#include <immintrin.h>

#define COSIMO_TARGET \
  __attribute__((target("amx-tile,amx-bf16,amx-int8,avx512f,avx512bw,avx512vl,fma,avx2,avx512bf16")))
#define COSIMO_INLINE COSIMO_TARGET inline __attribute__((always_inline))
#include "kernels/encoder/vectors/avx512.inc"
#include "kernels/encoder/vectors/avx512_bf16.inc"

namespace cosimo {
namespace {
using Activation = Bf16;
}
}  // namespace cosimo
#include "kernels/encoder/generic/register_tile.inc"
#include "kernels/encoder/generic/arithmetic.inc"
#include "kernels/encoder/vectors/amx_tile.inc"
#include "kernels/encoder/vectors/amx_product.inc"

namespace cosimo {

using Tile = AmxTile<CodeProducts>;
using AttentionTile = AmxTile<Bf16Products>;

constinit const EncoderKernel kEncoderInt8Amx = {
    .name = "amx-int8",
    .family = "amx",
    .precision = EncoderPrecision::int8,
    .activation_bytes = sizeof(Activation),
    .code_bytes = 1,
    .weight_bytes = sizeof(Tile::Element),
    .tile_rows = Tile::kMostRows,
    .panel_outputs = kPanelOutputs,
    .pack = pack_weights<Tile>,
    .product = multiply_rows_on_tiles<Tile>,
    .norm_rows = normalize_rows<true>,
    .code_rows = code_rows<Activation>,
    .attention = attend_on_tiles<AttentionTile>,
    .attention_scratch_bytes = attention_scratch_bytes<AttentionTile>,
    .values_kernel = &kEncoderBf16Amx,
    .product_speed = 8,
};

}  // namespace cosimo

#endif
