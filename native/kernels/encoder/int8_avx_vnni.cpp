// int8 on AVX-VNNI, as on CPUs without AVX-512: attention and its values are fp32.
//
// The VEX encoding of VPDPBUSD has not been run yet, because no such CPU was at hand. Tests compile this file
// a second time, with the EVEX encoding of the same 256-bit instruction, which AVX-512 VNNI has: everything
// but the encoding is tested there.
#if defined(__x86_64__)

#if defined(COSIMO_EVEX_VNNI)
#define kEncoderInt8AvxVnni kEncoderInt8EvexVnni
#define COSIMO_TARGET __attribute__((target("avx2,fma,avx512f,avx512vl,avx512vnni")))
#define COSIMO_VPDPBUSD "%{evex%} vpdpbusd"
#else
#define COSIMO_TARGET __attribute__((target("avx2,fma,avxvnni")))
#define COSIMO_VPDPBUSD "%{vex%} vpdpbusd"
#endif
#define COSIMO_ACTIVATION float
#include "kernels/encoder/generic/preamble.inc"
#include "kernels/encoder/vectors/avx2.inc"
#include "kernels/encoder/tiles/register_tile.inc"
#include "kernels/encoder/generic/make_kernel.inc"

namespace cosimo {
namespace {

struct CodeDot {  // codes of activations from 0 to 255, of weights from −127 to 127
  using Element = std::int8_t;
  COSIMO_INLINE static void add_product(Register& sum, Register a, Register b) {
    __asm__(COSIMO_VPDPBUSD " %2, %1, %0" : "+x"(sum) : "x"(a), "x"(b));
  }
};

}  // namespace

using Tile = RegisterTile<CodeDot>;
using AttentionTile = RegisterTile<FloatDot>;

constinit const EncoderKernel kEncoderInt8AvxVnni =
    make_kernel<Tile, AttentionTile>({"avx-vnni", "avx2", EncoderPrecision::int8}, &kEncoderFp32Avx2);

}  // namespace cosimo

#endif
