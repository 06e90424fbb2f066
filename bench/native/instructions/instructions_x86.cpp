// Inline assembly: the compiler can neither drop nor reorder it, and needs no flags for it.
#if defined(__x86_64__)

#include "instructions/instruction_loops.h"
#include "instructions/instructions.h"
#include "kernels/amx_tiles.h"
#include "kernels/cpu_features.h"

namespace cosimo::bench {
namespace {

// The accumulators are the last operand; braces have to be escaped, they mean dialects in GCC's assembly.
#define COSIMO_ZERO_YMM(i) "vpxor %%xmm" #i ", %%xmm" #i ", %%xmm" #i "\n"
#define COSIMO_ZERO_ZMM(i) "vpxord %%zmm" #i ", %%zmm" #i ", %%zmm" #i "\n"
#define COSIMO_FMA_YMM(i) "vfmadd231ps %%ymm14, %%ymm15, %%ymm" #i "\n"
#define COSIMO_FMA_ZMM(i) "vfmadd231ps %%zmm30, %%zmm31, %%zmm" #i "\n"
#define COSIMO_VNNI_YMM(i) "%{vex%} vpdpbusd %%ymm14, %%ymm15, %%ymm" #i "\n"
#define COSIMO_VNNI_ZMM(i) "vpdpbusd %%zmm30, %%zmm31, %%zmm" #i "\n"
#define COSIMO_BF16_ZMM(i) "vdpbf16ps %%zmm30, %%zmm31, %%zmm" #i "\n"

#define COSIMO_LOOP(body) ".p2align 5\n1:\n" body "dec %0\njnz 1b\nvzeroupper\n"

#define COSIMO_YMM_LOOP(name, body)                                                                          \
  __attribute__((target("avx2"))) void name(std::uint64_t turns) {                                           \
    __asm__ volatile(COSIMO_REPEAT_12(COSIMO_ZERO_YMM) COSIMO_ZERO_YMM(14) COSIMO_ZERO_YMM(15)               \
                         COSIMO_LOOP(COSIMO_REPEAT_12(body))                                                 \
                     : "+r"(turns)                                                                           \
                     :                                                                                       \
                     : "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", \
                       "xmm10", "xmm11", "xmm14", "xmm15");                                                  \
  }

#define COSIMO_ZMM_LOOP(name, body)                                                                          \
  __attribute__((target("avx512f"))) void name(std::uint64_t turns) {                                        \
    __asm__ volatile(COSIMO_REPEAT_24(COSIMO_ZERO_ZMM) COSIMO_ZERO_ZMM(30) COSIMO_ZERO_ZMM(31)               \
                         COSIMO_LOOP(COSIMO_REPEAT_24(body))                                                 \
                     : "+r"(turns)                                                                           \
                     :                                                                                       \
                     : "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", \
                       "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15", "xmm16", "xmm17", "xmm18",      \
                       "xmm19", "xmm20", "xmm21", "xmm22", "xmm23", "xmm30", "xmm31");                       \
  }

// All tiles but the operands are sums: at 16 cycles each, as on the first CPUs with AMX, a sum is
// ready again when its turn comes. Nothing else can be in tiles here, so the compiler isn't told which are
// written.
#define COSIMO_REPEAT_6(X) X(0) X(1) X(2) X(3) X(4) X(5)
#define COSIMO_ZERO_TILE(i) "tilezero %%tmm" #i "\n"
#define COSIMO_BF16_TILE(i) "tdpbf16ps %%tmm7, %%tmm6, %%tmm" #i "\n"
#define COSIMO_INT8_TILE(i) "tdpbusd %%tmm7, %%tmm6, %%tmm" #i "\n"

#define COSIMO_TILE_LOOP(name, body)                                                                     \
  __attribute__((target("amx-tile,amx-int8,amx-bf16"))) void name(std::uint64_t turns) {                 \
    __asm__ volatile(                                                                                    \
        "ldtilecfg %1\n" COSIMO_REPEAT_6(COSIMO_ZERO_TILE) COSIMO_ZERO_TILE(6)                           \
            COSIMO_ZERO_TILE(7) ".p2align 5\n1:\n" COSIMO_REPEAT_6(body) "dec %0\njnz 1b\ntilerelease\n" \
        : "+r"(turns)                                                                                    \
        : "m"(kWholeTiles)                                                                               \
        : "cc");                                                                                         \
  }

COSIMO_YMM_LOOP(loop_fma_ymm, COSIMO_FMA_YMM)
COSIMO_YMM_LOOP(loop_vnni_ymm, COSIMO_VNNI_YMM)
COSIMO_ZMM_LOOP(loop_fma_zmm, COSIMO_FMA_ZMM)
COSIMO_ZMM_LOOP(loop_vnni_zmm, COSIMO_VNNI_ZMM)
COSIMO_ZMM_LOOP(loop_bf16_zmm, COSIMO_BF16_ZMM)
COSIMO_TILE_LOOP(loop_bf16_tile, COSIMO_BF16_TILE)
COSIMO_TILE_LOOP(loop_int8_tile, COSIMO_INT8_TILE)

}  // namespace

std::vector<Instruction> measurable_instructions() {
  const CpuFeatures has = detect_cpu_features();
  std::vector<Instruction> found;
  if (has.avx2_fma) found.push_back({"fma_ymm", 8 * 2, 12, loop_fma_ymm});
  if (has.avx_vnni) found.push_back({"vnni_ymm", 32 * 2, 12, loop_vnni_ymm});
  if (has.avx512f) found.push_back({"fma_zmm", 16 * 2, 24, loop_fma_zmm});
  if (has.avx512_vnni) found.push_back({"vnni_zmm", 64 * 2, 24, loop_vnni_zmm});
  if (has.avx512_bf16) found.push_back({"bf16_zmm", 32 * 2, 24, loop_bf16_zmm});
  if ((has.amx_bf16 || has.amx_int8) && request_tiles()) {
    if (has.amx_bf16) found.push_back({"bf16_tile", 16 * 16 * 32 * 2, 6, loop_bf16_tile});
    if (has.amx_int8) found.push_back({"int8_tile", 16 * 16 * 64 * 2, 6, loop_int8_tile});
  }
  return found;
}

std::vector<std::string> arm_feature_names() { return {}; }

}  // namespace cosimo::bench

#endif
