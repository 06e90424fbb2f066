// Exact scores with AVX-512F: two accumulators of eight doubles, one row after the other. Memory is the
// bottleneck: several rows at a time read several streams of it, and ran at half the speed.
#include "kernels/search/search_kernel.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define COSIMO_AVX512 __attribute__((target("avx512f")))

namespace cosimo {
namespace avx512 {
namespace {

// Lanes 0–7 and 8–15 of one row.
struct Accumulator {
  __m512d low;
  __m512d high;
};

COSIMO_AVX512 inline __attribute__((always_inline)) void accumulate(Accumulator& sum, __m512d query_low,
                                                                    __m512d query_high, const float* row) {
  sum.low = _mm512_fmadd_pd(_mm512_maskz_cvtps_pd(0xff, _mm256_load_ps(row)), query_low, sum.low);
  sum.high = _mm512_fmadd_pd(_mm512_maskz_cvtps_pd(0xff, _mm256_load_ps(row + 8)), query_high, sum.high);
}

COSIMO_AVX512 inline __attribute__((always_inline)) double fold(const Accumulator& sum) {
  const __m512d eight = _mm512_add_pd(sum.low, sum.high);
  // The masked forms with a full mask: the plain ones make GCC 12 warn about its own headers.
  const __m256d four = _mm256_add_pd(_mm512_maskz_extractf64x4_pd(0xff, eight, 0),
                                     _mm512_maskz_extractf64x4_pd(0xff, eight, 1));
  const __m128d two = _mm_add_pd(_mm256_castpd256_pd128(four), _mm256_extractf128_pd(four, 1));
  return _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)));
}

}  // namespace

COSIMO_AVX512 void score_rows(const double* query, const float* rows, std::size_t row_count,
                              std::size_t stride, double* sums) {
  for (std::size_t row = 0; row < row_count; ++row) {
    const float* values = rows + row * stride;
    Accumulator sum = {_mm512_setzero_pd(), _mm512_setzero_pd()};
    for (std::size_t i = 0; i < stride; i += kLanes) {
      accumulate(sum, _mm512_load_pd(query + i), _mm512_load_pd(query + i + 8), values + i);
    }
    sums[row] = fold(sum);
  }
}

}  // namespace avx512

const SearchKernel kAvx512SearchKernel = {"avx512",
                                          avx512::score_rows,
                                          avx512::bound_upper,
                                          avx512::bound_whole,
                                          avx512::bound_many,
                                          avx512::quantize_block,
                                          {avx512::bound_heads, avx2::bound_records, avx512::rotate_rows}};

}  // namespace cosimo

#endif
