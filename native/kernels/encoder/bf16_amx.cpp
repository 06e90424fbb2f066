// bf16 on AMX: products use TDPBF16PS, everything else is AVX-512 BF16.
#if defined(__x86_64__)

#define COSIMO_TARGET \
  __attribute__((target("amx-tile,amx-bf16,avx512f,avx512bw,avx512vl,fma,avx2,avx512bf16")))
#define COSIMO_ACTIVATION Bf16
#include "kernels/encoder/tiles/make_amx_kernel.inc"

namespace cosimo {

using Tile = AmxTile<StreamedBf16Products>;
using AttentionTile = AmxTile<Bf16Products>;

constinit const EncoderKernel kEncoderBf16Amx =
    make_amx_kernel<Tile, AttentionTile>({"amx-bf16", "amx", EncoderPrecision::bf16}, nullptr);

}  // namespace cosimo

#endif
