// int8 on AMX: TDPBUSD, with attention and its values in bf16 by TDPBF16PS.
#if defined(__x86_64__)

#define COSIMO_TARGET \
  __attribute__((target("amx-tile,amx-bf16,amx-int8,avx512f,avx512bw,avx512vl,fma,avx2,avx512bf16")))
#define COSIMO_ACTIVATION Bf16
#include "kernels/encoder/tiles/make_amx_kernel.inc"

namespace cosimo {

using Tile = AmxTile<CodeProducts>;
using AttentionTile = AmxTile<Bf16Products>;

constinit const EncoderKernel kEncoderInt8Amx =
    make_amx_kernel<Tile, AttentionTile>({"amx-int8", "amx", EncoderPrecision::int8}, &kEncoderBf16Amx);

}  // namespace cosimo

#endif
