// The shortest decimals of sixteen floats, eight at a time in double.
#include "kernels/decimals/decimals_kernel.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define COSIMO_TARGET __attribute__((target("avx512f,avx512bw,fma,avx2")))
#define COSIMO_INLINE COSIMO_TARGET inline __attribute__((always_inline))

namespace cosimo {
namespace {

#include "kernels/decimals/decimal_scales.inc"

constexpr std::size_t kHalf = kDecimalFloats / 2;

COSIMO_INLINE __m512d floor_of(__m512d x) {
  return _mm512_roundscale_pd(x, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
}

// The decimals as whole numbers below 10^10.
COSIMO_INLINE __m512d shortest(__m256i bits) {
  const __m512i wide = _mm512_cvtepu32_epi64(bits);
  const __m256i fraction = _mm256_and_si256(bits, _mm256_set1_epi32(0x7fffff));
  const __m512i exponent = _mm512_and_si512(_mm512_srli_epi64(wide, 23), _mm512_set1_epi64(0xff));
  const __m512i scale = _mm512_sub_epi64(exponent, _mm512_set1_epi64(kMinExponent));
  const __m512d spacing =
      _mm512_permutex2var_pd(_mm512_load_pd(kSpacing), scale, _mm512_load_pd(kSpacing + 8));
  const __m512d tenth = _mm512_permutex2var_pd(_mm512_load_pd(kTenth), scale, _mm512_load_pd(kTenth + 8));
  const __m512d c = _mm512_cvtepi32_pd(_mm256_or_si256(fraction, _mm256_set1_epi32(0x800000)));

  // The ends of the interval belong to it if c is even; below a power of two its lower half is half as wide.
  const __mmask8 power_of_two = _mm512_testn_epi64_mask(wide, _mm512_set1_epi64(0x7fffff));
  const __mmask8 odd = _mm512_test_epi64_mask(wide, _mm512_set1_epi64(1));
  const __m512d value = _mm512_mul_pd(c, spacing);
  const __m512d half = _mm512_mul_pd(spacing, _mm512_set1_pd(0.5));
  const __m512d lower_half = _mm512_mask_mul_pd(half, power_of_two, half, _mm512_set1_pd(0.5));
  const __m512d excluded = _mm512_maskz_mul_pd(odd, spacing, _mm512_set1_pd(kTiny));
  const __m512d lower = _mm512_add_pd(_mm512_sub_pd(value, lower_half), excluded);
  const __m512d upper = _mm512_sub_pd(_mm512_add_pd(value, half), excluded);

  // A multiple of ten in the interval, or else one of the two whole numbers next to the value.
  const __m512d ten = _mm512_set1_pd(10);
  const __m512d below = floor_of(value);
  const __m512d above = _mm512_add_pd(below, _mm512_set1_pd(1));
  const __m512d tens_below = _mm512_mul_pd(floor_of(_mm512_mul_pd(below, _mm512_set1_pd(0.1))), ten);
  const __m512d tens_above = _mm512_add_pd(tens_below, ten);
  const __mmask8 tens_down = _mm512_cmp_pd_mask(lower, tens_below, _CMP_LE_OQ);
  const __mmask8 tens_up = _mm512_cmp_pd_mask(tens_above, upper, _CMP_LE_OQ);
  const __mmask8 down = _mm512_cmp_pd_mask(lower, below, _CMP_LE_OQ);
  const __mmask8 up = _mm512_cmp_pd_mask(above, upper, _CMP_LE_OQ);
  __m512d result = _mm512_roundscale_pd(value, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  result = _mm512_mask_mov_pd(result, static_cast<__mmask8>(down & ~up), below);
  result = _mm512_mask_mov_pd(result, static_cast<__mmask8>(up & ~down), above);
  result = _mm512_mask_mov_pd(result, static_cast<__mmask8>(tens_down & ~tens_up), tens_below);
  result = _mm512_mask_mov_pd(result, static_cast<__mmask8>(tens_up & ~tens_down), tens_above);
  return _mm512_mul_pd(result, tenth);
}

// Eight digits a byte each, first digit in the lowest: halves, hundreds and tens side by side.
COSIMO_INLINE __m512i eight_digits(__m256i numbers) {
  const __m512i number = _mm512_cvtepu32_epi64(numbers);
  const __m512i upper = _mm512_srli_epi64(_mm512_mul_epu32(number, _mm512_set1_epi64(109'951'163)), 40);
  const __m512i lower = _mm512_sub_epi64(number, _mm512_mul_epu32(upper, _mm512_set1_epi64(10'000)));
  const __m512i halves = _mm512_or_si512(upper, _mm512_slli_epi64(lower, 32));
  const __m512i hundreds = _mm512_srli_epi32(_mm512_mullo_epi32(halves, _mm512_set1_epi32(5243)), 19);
  const __m512i rest = _mm512_sub_epi32(halves, _mm512_mullo_epi32(hundreds, _mm512_set1_epi32(100)));
  const __m512i pairs = _mm512_or_si512(hundreds, _mm512_slli_epi32(rest, 16));
  const __m512i tens = _mm512_srli_epi16(_mm512_mullo_epi16(pairs, _mm512_set1_epi16(103)), 10);
  const __m512i ones = _mm512_sub_epi16(pairs, _mm512_mullo_epi16(tens, _mm512_set1_epi16(10)));
  return _mm512_or_si512(tens, _mm512_slli_epi16(ones, 8));
}

// "0." and two digits.
COSIMO_INLINE __m256i first_text(__m256i pairs) {
  const __m256i tens = _mm256_srli_epi32(_mm256_mullo_epi32(pairs, _mm256_set1_epi32(103)), 10);
  const __m256i ones = _mm256_sub_epi32(pairs, _mm256_mullo_epi32(tens, _mm256_set1_epi32(10)));
  const __m256i digits = _mm256_or_si256(_mm256_slli_epi32(tens, 16), _mm256_slli_epi32(ones, 24));
  return _mm256_or_si256(digits, _mm256_set1_epi32(0x30302e30));
}

COSIMO_TARGET void write_decimals(const float* values, Decimals* decimals) {
  for (std::size_t at = 0; at < kDecimalFloats; at += kHalf) {
    const __m512d ten = shortest(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(values + at)));
    const __m512d first_two = floor_of(_mm512_mul_pd(ten, _mm512_set1_pd(1e-8)));
    const __m512d last_eight = _mm512_fnmadd_pd(first_two, _mm512_set1_pd(1e8), ten);
    _mm512_storeu_si512(decimals->last + at, eight_digits(_mm512_cvttpd_epi32(last_eight)));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(decimals->first + at),
                        first_text(_mm512_cvttpd_epi32(first_two)));
  }
}

}  // namespace

const DecimalsKernel kAvx512DecimalsKernel = {"avx512", write_decimals};

}  // namespace cosimo

#endif
