#include "memory/read_loops.h"

#include <cstdint>

#include "kernels/cpu_features.h"

namespace cosimo::bench {
namespace {

// A GNU vector type as wide as one register, so that one loop serves every width.
template <std::size_t kBytes>
struct Vector {
  using Type __attribute__((vector_size(kBytes), may_alias)) = std::uint64_t;
};

constexpr std::size_t kAccumulators = 8;  // independent, so that no load waits for an OR

// Inlined into functions with the target attributes that the width needs.
template <typename Word>
inline __attribute__((always_inline)) void read_all(const std::byte* memory, std::size_t bytes) {
  const Word* words = reinterpret_cast<const Word*>(memory);
  Word sums[kAccumulators] = {};
  for (std::size_t i = 0; i < bytes / sizeof(Word); i += kAccumulators) {
    for (std::size_t k = 0; k < kAccumulators; ++k) sums[k] |= words[i + k];
  }
  __asm__ volatile("" : : "r"(sums) : "memory");  // keeps the compiler from removing or reusing the reads
}

#if defined(__x86_64__)
__attribute__((target("avx512f"))) void read_avx512(const std::byte* memory, std::size_t bytes) {
  read_all<Vector<64>::Type>(memory, bytes);
}
__attribute__((target("avx2"))) void read_avx2(const std::byte* memory, std::size_t bytes) {
  read_all<Vector<32>::Type>(memory, bytes);
}
#elif defined(__aarch64__)
void read_neon(const std::byte* memory, std::size_t bytes) { read_all<Vector<16>::Type>(memory, bytes); }
#endif
[[maybe_unused]] void read_plain(const std::byte* memory, std::size_t bytes) {
  read_all<std::uint64_t>(memory, bytes);
}

}  // namespace

ReadLoop widest_read_loop() {
#if defined(__x86_64__)
  const CpuFeatures has = detect_cpu_features();
  return has.avx512f ? read_avx512 : has.avx2_fma ? read_avx2 : read_plain;
#elif defined(__aarch64__)
  return read_neon;
#else
  return read_plain;
#endif
}

}  // namespace cosimo::bench
