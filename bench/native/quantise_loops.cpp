#include "quantise_loops.h"

#include "kernels/cpu_features.h"

namespace cosimo::bench {
namespace {

// Inlined into functions with the target attributes that the width needs; the compiler vectorises it.
inline __attribute__((always_inline)) void quantise_all(const float* __restrict floats,
                                                        std::int8_t* __restrict codes, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) codes[i] = static_cast<std::int8_t>(floats[i] * 127.0F);
}

#if defined(__x86_64__)
__attribute__((target("avx512bw"))) void quantise_avx512(const float* floats, std::int8_t* codes,
                                                         std::size_t count) {
  quantise_all(floats, codes, count);
}
__attribute__((target("avx2"))) void quantise_avx2(const float* floats, std::int8_t* codes,
                                                   std::size_t count) {
  quantise_all(floats, codes, count);
}
#endif
void quantise_plain(const float* floats, std::int8_t* codes, std::size_t count) {
  quantise_all(floats, codes, count);
}

}  // namespace

QuantiseLoop widest_quantise_loop() {
#if defined(__x86_64__)
  const CpuFeatures has = detect_cpu_features();
  if (has.avx512bw) return quantise_avx512;
  if (has.avx2_fma) return quantise_avx2;
#endif
  return quantise_plain;
}

}  // namespace cosimo::bench
