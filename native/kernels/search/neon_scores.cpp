// Exact scores with NEON, which every AArch64 CPU has: eight accumulators of two doubles, one row after the
// other as in avx512_scores.cpp.
#include "kernels/search/search_kernel.h"

#if defined(__aarch64__)

#include <arm_neon.h>

namespace cosimo {
namespace neon {
namespace {

// lanes[n] holds lanes 2n and 2n + 1 of one row.
struct Accumulator {
  float64x2_t lanes[8];
};

inline __attribute__((always_inline)) Accumulator zero() {
  Accumulator sum;
  for (std::size_t n = 0; n < 8; ++n) sum.lanes[n] = vdupq_n_f64(0.0);
  return sum;
}

inline __attribute__((always_inline)) void accumulate(Accumulator& sum, const double* query,
                                                      const float* row) {
  for (std::size_t n = 0; n < 4; ++n) {
    const float32x4_t values = vld1q_f32(row + 4 * n);
    const float64x2_t low = vcvt_f64_f32(vget_low_f32(values));
    const float64x2_t high = vcvt_high_f64_f32(values);
    sum.lanes[2 * n] = vfmaq_f64(sum.lanes[2 * n], low, vld1q_f64(query + 4 * n));
    sum.lanes[2 * n + 1] = vfmaq_f64(sum.lanes[2 * n + 1], high, vld1q_f64(query + 4 * n + 2));
  }
}

inline __attribute__((always_inline)) double fold(Accumulator sum) {
  for (std::size_t half = 4; half >= 1; half /= 2) {
    for (std::size_t n = 0; n < half; ++n) sum.lanes[n] = vaddq_f64(sum.lanes[n], sum.lanes[n + half]);
  }
  return vgetq_lane_f64(sum.lanes[0], 0) + vgetq_lane_f64(sum.lanes[0], 1);
}

}  // namespace

void score_rows(const double* query, const float* rows, std::size_t row_count, std::size_t stride,
                double* sums) {
  for (std::size_t row = 0; row < row_count; ++row) {
    const float* values = rows + row * stride;
    Accumulator sum = zero();
    for (std::size_t i = 0; i < stride; i += kLanes) accumulate(sum, query + i, values + i);
    sums[row] = fold(sum);
  }
}

}  // namespace neon

const SearchKernel kNeonSearchKernel = {"neon",
                                        neon::score_rows,
                                        neon::bound_upper,
                                        neon::bound_whole,
                                        neon::bound_many,
                                        neon::quantize_block,
                                        {neon::bound_heads, neon::bound_records, neon::rotate_rows}};

}  // namespace cosimo

#endif
