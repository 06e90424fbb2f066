// Exact scores with AVX2 and FMA: four accumulators of four doubles, one row after the other as in
// avx512_scores.cpp.
#include "kernels/search/search_kernel.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define COSIMO_AVX2 __attribute__((target("avx2,fma")))

namespace cosimo {
namespace avx2 {
namespace {

// lanes[n] holds lanes 4n … 4n + 3 of one row.
struct Accumulator {
  __m256d lanes[4];
};

COSIMO_AVX2 inline __attribute__((always_inline)) Accumulator zero() {
  const __m256d none = _mm256_setzero_pd();
  return {{none, none, none, none}};
}

COSIMO_AVX2 inline __attribute__((always_inline)) void accumulate(Accumulator& sum, const double* query,
                                                                  const float* row) {
  for (std::size_t n = 0; n < 4; ++n) {
    const __m256d values = _mm256_cvtps_pd(_mm_load_ps(row + 4 * n));
    sum.lanes[n] = _mm256_fmadd_pd(values, _mm256_load_pd(query + 4 * n), sum.lanes[n]);
  }
}

COSIMO_AVX2 inline __attribute__((always_inline)) double fold(const Accumulator& sum) {
  const __m256d low = _mm256_add_pd(sum.lanes[0], sum.lanes[2]);
  const __m256d high = _mm256_add_pd(sum.lanes[1], sum.lanes[3]);
  const __m256d four = _mm256_add_pd(low, high);
  const __m128d two = _mm_add_pd(_mm256_castpd256_pd128(four), _mm256_extractf128_pd(four, 1));
  return _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)));
}

}  // namespace

COSIMO_AVX2 void score_rows(const double* query, const float* rows, std::size_t row_count, std::size_t stride,
                            double* sums) {
  for (std::size_t row = 0; row < row_count; ++row) {
    const float* values = rows + row * stride;
    Accumulator sum = zero();
    for (std::size_t i = 0; i < stride; i += kLanes) accumulate(sum, query + i, values + i);
    sums[row] = fold(sum);
  }
}

}  // namespace avx2

const SearchKernel kAvx2SearchKernel = {"avx2",
                                        avx2::score_rows,
                                        avx2::bound_upper,
                                        avx2::bound_whole,
                                        avx2::bound_many,
                                        avx2::quantize_block,
                                        {avx2::bound_heads, avx2::bound_records, avx2::rotate_rows}};

}  // namespace cosimo

#endif
