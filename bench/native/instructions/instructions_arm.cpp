// AArch64; see instructions_x86.cpp.
#if defined(__aarch64__)

#include "instructions/instruction_loops.h"
#include "instructions/instructions.h"

#if defined(__linux__)
#include <sys/auxv.h>
#endif

namespace cosimo::bench {
namespace {

#define COSIMO_ZERO(i) "movi v" #i ".4s, #0\n"
#define COSIMO_FMA(i) "fmla v" #i ".4s, v30.4s, v31.4s\n"
#define COSIMO_SDOT(i) "sdot v" #i ".4s, v30.16b, v31.16b\n"
#define COSIMO_BFDOT(i) "bfdot v" #i ".4s, v30.8h, v31.8h\n"

#define COSIMO_NEON_LOOP(name, extension, body)                                                         \
  void name(std::uint64_t turns) {                                                                      \
    __asm__ volatile(                                                                                   \
        extension COSIMO_REPEAT_24(COSIMO_ZERO) COSIMO_ZERO(30)                                         \
            COSIMO_ZERO(31) ".p2align 5\n1:\n" COSIMO_REPEAT_24(body) "subs %0, %0, #1\nb.ne 1b\n"      \
        : "+r"(turns)                                                                                   \
        :                                                                                               \
        : "cc", "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11", "v12", "v13", \
          "v14", "v15", "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23", "v30", "v31");          \
  }

COSIMO_NEON_LOOP(loop_fma_neon, "", COSIMO_FMA)
#if defined(__linux__)
// Enabled for the assembler alone, so that the compiler can't emit such an instruction elsewhere.
COSIMO_NEON_LOOP(loop_sdot_neon, ".arch armv8.2-a+dotprod\n", COSIMO_SDOT)
COSIMO_NEON_LOOP(loop_bf16_neon, ".arch armv8.2-a+bf16\n", COSIMO_BFDOT)

// From Linux's asm/hwcap.h; older headers lack the second one.
constexpr unsigned long kDotProduct = 1UL << 20;  // AT_HWCAP
constexpr unsigned long kBf16 = 1UL << 14;        // AT_HWCAP2

bool has_dotprod() { return (getauxval(AT_HWCAP) & kDotProduct) != 0; }
bool has_bf16() { return (getauxval(AT_HWCAP2) & kBf16) != 0; }
#endif

}  // namespace

std::vector<Instruction> measurable_instructions() {
  std::vector<Instruction> found = {{"fma_neon", 4 * 2, 24, loop_fma_neon}};
#if defined(__linux__)
  if (has_dotprod()) found.push_back({"sdot_neon", 16 * 2, 24, loop_sdot_neon});
  if (has_bf16()) found.push_back({"bf16_neon", 8 * 2, 24, loop_bf16_neon});
#endif
  return found;
}

std::vector<std::string> arm_feature_names() {
  std::vector<std::string> names = {"neon"};
#if defined(__linux__)
  if (has_dotprod()) names.emplace_back("dotprod");
  if (has_bf16()) names.emplace_back("bf16");
#endif
  return names;
}

}  // namespace cosimo::bench

#endif
