#include "memory/quantize_loops.h"

#include "kernels/cpu_features.h"

namespace cosimo::bench {
namespace {

// Inlined into functions with the target attributes that the width needs; the compiler vectorizes it.
inline __attribute__((always_inline)) void quantize_all(const float* __restrict floats,
                                                        std::int8_t* __restrict codes, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) codes[i] = static_cast<std::int8_t>(floats[i] * 127.0F);
}

#if defined(__x86_64__)
__attribute__((target("avx512bw"))) void quantize_avx512(const float* floats, std::int8_t* codes,
                                                         std::size_t count) {
  quantize_all(floats, codes, count);
}
__attribute__((target("avx2"))) void quantize_avx2(const float* floats, std::int8_t* codes,
                                                   std::size_t count) {
  quantize_all(floats, codes, count);
}
#endif
void quantize_plain(const float* floats, std::int8_t* codes, std::size_t count) {
  quantize_all(floats, codes, count);
}

}  // namespace

QuantizeLoop widest_quantize_loop() {
#if defined(__x86_64__)
  const CpuFeatures has = detect_cpu_features();
  if (has.avx512bw) return quantize_avx512;
  if (has.avx2_fma) return quantize_avx2;
#endif
  return quantize_plain;
}

}  // namespace cosimo::bench
