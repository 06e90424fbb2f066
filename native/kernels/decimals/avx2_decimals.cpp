// The shortest decimals of sixteen floats, four at a time in double, as in avx512_decimals.cpp.
#include "kernels/decimals/decimals_kernel.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define COSIMO_TARGET __attribute__((target("avx2,fma")))
#define COSIMO_INLINE COSIMO_TARGET inline __attribute__((always_inline))

namespace cosimo {
namespace {

#include "kernels/decimals/decimal_scales.inc"

constexpr std::size_t kQuarter = kDecimalFloats / 4;

COSIMO_INLINE __m256d as_mask(__m128i mask) { return _mm256_castsi256_pd(_mm256_cvtepi32_epi64(mask)); }

// The decimals as whole numbers below 10^10.
COSIMO_INLINE __m256d shortest(__m128i bits) {
  const __m128i fraction = _mm_and_si128(bits, _mm_set1_epi32(0x7fffff));
  const __m128i exponent = _mm_and_si128(_mm_srli_epi32(bits, 23), _mm_set1_epi32(0xff));
  const __m128i scale =
      _mm_and_si128(_mm_sub_epi32(exponent, _mm_set1_epi32(kMinExponent)), _mm_set1_epi32(15));
  const __m256d spacing = _mm256_i32gather_pd(kSpacing, scale, 8);
  const __m256d tenth = _mm256_i32gather_pd(kTenth, scale, 8);
  const __m256d c = _mm256_cvtepi32_pd(_mm_or_si128(fraction, _mm_set1_epi32(0x800000)));

  const __m128i one_bit = _mm_set1_epi32(1);
  const __m256d power_of_two = as_mask(_mm_cmpeq_epi32(fraction, _mm_setzero_si128()));
  const __m256d odd = as_mask(_mm_cmpeq_epi32(_mm_and_si128(fraction, one_bit), one_bit));
  const __m256d value = _mm256_mul_pd(c, spacing);
  const __m256d half = _mm256_mul_pd(spacing, _mm256_set1_pd(0.5));
  const __m256d quarter = _mm256_mul_pd(spacing, _mm256_set1_pd(0.25));
  const __m256d lower_half = _mm256_sub_pd(half, _mm256_and_pd(power_of_two, quarter));
  const __m256d excluded = _mm256_and_pd(odd, _mm256_mul_pd(spacing, _mm256_set1_pd(kTiny)));
  const __m256d lower = _mm256_add_pd(_mm256_sub_pd(value, lower_half), excluded);
  const __m256d upper = _mm256_sub_pd(_mm256_add_pd(value, half), excluded);

  const __m256d ten = _mm256_set1_pd(10);
  const __m256d below = _mm256_floor_pd(value);
  const __m256d above = _mm256_add_pd(below, _mm256_set1_pd(1));
  const __m256d tens_below = _mm256_mul_pd(_mm256_floor_pd(_mm256_mul_pd(below, _mm256_set1_pd(0.1))), ten);
  const __m256d tens_above = _mm256_add_pd(tens_below, ten);
  const __m256d tens_down = _mm256_cmp_pd(lower, tens_below, _CMP_LE_OQ);
  const __m256d tens_up = _mm256_cmp_pd(tens_above, upper, _CMP_LE_OQ);
  const __m256d down = _mm256_cmp_pd(lower, below, _CMP_LE_OQ);
  const __m256d up = _mm256_cmp_pd(above, upper, _CMP_LE_OQ);
  __m256d result = _mm256_round_pd(value, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  result = _mm256_blendv_pd(result, _mm256_blendv_pd(below, above, up), _mm256_xor_pd(down, up));
  const __m256d tens = _mm256_blendv_pd(tens_below, tens_above, tens_up);
  result = _mm256_blendv_pd(result, tens, _mm256_xor_pd(tens_down, tens_up));
  return _mm256_mul_pd(result, tenth);
}

// Eight digits a byte each, first digit in the lowest: halves, hundreds and tens side by side.
COSIMO_INLINE __m256i eight_digits(__m128i numbers) {
  const __m256i number = _mm256_cvtepu32_epi64(numbers);
  const __m256i upper = _mm256_srli_epi64(_mm256_mul_epu32(number, _mm256_set1_epi64x(109'951'163)), 40);
  const __m256i lower = _mm256_sub_epi64(number, _mm256_mul_epu32(upper, _mm256_set1_epi64x(10'000)));
  const __m256i halves = _mm256_or_si256(upper, _mm256_slli_epi64(lower, 32));
  const __m256i hundreds = _mm256_srli_epi32(_mm256_mullo_epi32(halves, _mm256_set1_epi32(5243)), 19);
  const __m256i rest = _mm256_sub_epi32(halves, _mm256_mullo_epi32(hundreds, _mm256_set1_epi32(100)));
  const __m256i pairs = _mm256_or_si256(hundreds, _mm256_slli_epi32(rest, 16));
  const __m256i tens = _mm256_srli_epi16(_mm256_mullo_epi16(pairs, _mm256_set1_epi16(103)), 10);
  const __m256i ones = _mm256_sub_epi16(pairs, _mm256_mullo_epi16(tens, _mm256_set1_epi16(10)));
  return _mm256_or_si256(tens, _mm256_slli_epi16(ones, 8));
}

// "0." and two digits.
COSIMO_INLINE __m128i first_text(__m128i pairs) {
  const __m128i tens = _mm_srli_epi32(_mm_mullo_epi32(pairs, _mm_set1_epi32(103)), 10);
  const __m128i ones = _mm_sub_epi32(pairs, _mm_mullo_epi32(tens, _mm_set1_epi32(10)));
  const __m128i digits = _mm_or_si128(_mm_slli_epi32(tens, 16), _mm_slli_epi32(ones, 24));
  return _mm_or_si128(digits, _mm_set1_epi32(0x30302e30));
}

COSIMO_TARGET void write_decimals(const float* values, Decimals* decimals) {
  for (std::size_t at = 0; at < kDecimalFloats; at += kQuarter) {
    const __m256d ten = shortest(_mm_loadu_si128(reinterpret_cast<const __m128i*>(values + at)));
    const __m256d first_two = _mm256_floor_pd(_mm256_mul_pd(ten, _mm256_set1_pd(1e-8)));
    const __m256d last_eight = _mm256_fnmadd_pd(first_two, _mm256_set1_pd(1e8), ten);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(decimals->last + at),
                        eight_digits(_mm256_cvttpd_epi32(last_eight)));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(decimals->first + at),
                     first_text(_mm256_cvttpd_epi32(first_two)));
  }
}

}  // namespace

const DecimalsKernel kAvx2DecimalsKernel = {"avx2", write_decimals};

}  // namespace cosimo

#endif
