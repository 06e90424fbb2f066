// Rotated rows with AVX2. Four queries share the unpacked nibbles of a line; sums as in avx2_codes.cpp.
#include "kernels/search/rotated/rotated_kernel.h"
#include "kernels/search/search_kernel.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define COSIMO_TARGET __attribute__((target("avx2,fma")))

namespace cosimo::avx2 {
namespace {

#include "kernels/search/rotated/rotate_rows.inc"

#define COSIMO_INLINE COSIMO_TARGET inline __attribute__((always_inline))

using Bits [[gnu::may_alias]] = std::int32_t;

// How far ahead memory is prefetched: heads are read once and in order, but the hardware's prefetcher stops
// at each page.
constexpr std::size_t kPrefetchBytes = 3072;

constexpr std::size_t kLeadLines = kLeadDimensions / kLineDimensions;

// So many lines' products are added in int16: two products of a nibble with a code are at most 2 · 15 · 127 =
// 3,810, and eight such pairs fit.
constexpr std::size_t kGroupLines = 4;
static_assert(kHeadAlignment == kGroupLines / 2 * kLineDimensions && kLeadLines <= kGroupLines);

constexpr std::size_t kTileQueries = 4;

// Of rows 0–7 and 8–15 of a block.
struct Halves {
  __m256i of[2];
};

struct Values {
  __m256 of[2];
};

COSIMO_INLINE __m256i load(const void* bytes) {
  return _mm256_loadu_si256(static_cast<const __m256i*>(bytes));
}

COSIMO_INLINE __m256i low_nibbles(__m256i bytes) { return _mm256_and_si256(bytes, _mm256_set1_epi8(15)); }

COSIMO_INLINE __m256i high_nibbles(__m256i bytes) {
  return _mm256_and_si256(_mm256_srli_epi16(bytes, 4), _mm256_set1_epi8(15));
}

// Adds the products of nibbles with four codes to `parts`. Assembly: from intrinsics, GCC 12 joins additions,
// keeps what it has broadcast for later, and runs out of registers.
COSIMO_INLINE void add_products(Halves& parts, const Halves& nibbles, const std::int8_t* four) {
  __m256i codes;
  __m256i products;
  __asm__(
      "vpbroadcastd %[four], %[codes]\n\t"
      "vpmaddubsw %[codes], %[first_nibbles], %[products]\n\t"
      "vpaddw %[products], %[first], %[first]\n\t"
      "vpmaddubsw %[codes], %[second_nibbles], %[codes]\n\t"
      "vpaddw %[codes], %[second], %[second]"
      :
      [first] "+x"(parts.of[0]), [second] "+x"(parts.of[1]), [codes] "=&x"(codes), [products] "=&x"(products)
      : [first_nibbles] "x"(nibbles.of[0]), [second_nibbles] "x"(nibbles.of[1]),
        [four] "m"(*reinterpret_cast<const Bits*>(four)));
}

// One half of the nibbles of a line, for every query: `code` is where the codes of its four dimensions begin.
template <std::size_t Queries>
COSIMO_INLINE void add_nibbles(const HeadQuery* queries, std::size_t code, const Halves& nibbles,
                               Halves (&parts)[Queries]) {
#pragma GCC unroll 4
  for (std::size_t q = 0; q < Queries; ++q) add_products(parts[q], nibbles, queries[q].codes + code);
}

// Σ d · nibble over `Lines` lines, times `weight`, added to the sums of each query. `code` is where their
// codes begin.
template <std::size_t Lines, std::size_t Queries>
COSIMO_INLINE void add_group(const HeadQuery* queries, std::size_t code, const std::uint8_t* lines,
                             std::int16_t weight, Halves (&sums)[Queries]) {
  static_assert(Lines <= kGroupLines);
  Halves parts[Queries];
#pragma GCC unroll 4
  for (std::size_t q = 0; q < Queries; ++q) parts[q] = {{_mm256_setzero_si256(), _mm256_setzero_si256()}};
#pragma GCC unroll 4
  for (std::size_t line = 0; line < Lines; ++line, code += kLineDimensions, lines += kLineBytes) {
    _mm_prefetch(reinterpret_cast<const char*>(lines + kPrefetchBytes), _MM_HINT_T0);
    add_nibbles(queries, code, {{low_nibbles(load(lines)), low_nibbles(load(lines + 32))}}, parts);
    add_nibbles(queries, code + 4, {{high_nibbles(load(lines)), high_nibbles(load(lines + 32))}}, parts);
  }
  const __m256i weights = _mm256_set1_epi16(weight);
#pragma GCC unroll 4
  for (std::size_t q = 0; q < Queries; ++q) {
#pragma GCC unroll 2
    for (std::size_t half = 0; half < 2; ++half)
      sums[q].of[half] = _mm256_add_epi32(sums[q].of[half], _mm256_madd_epi16(parts[q].of[half], weights));
  }
}

template <std::size_t Queries>
COSIMO_INLINE void clear(Halves (&sums)[Queries]) {
#pragma GCC unroll 4
  for (std::size_t q = 0; q < Queries; ++q) sums[q] = {{_mm256_setzero_si256(), _mm256_setzero_si256()}};
}

// Eight float32 numbers whose upper halves lie here.
COSIMO_INLINE __m256 floats(const std::uint8_t* halves) {
  const __m128i eight = _mm_load_si128(reinterpret_cast<const __m128i*>(halves));
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(eight), 16));
}

// (factor · sum + offset) · scale, added to `value`.
COSIMO_INLINE __m256 with_decoded(__m256 value, __m256i sum, float factor, float offset, __m256 scale) {
  const __m256 decoded =
      _mm256_fmadd_ps(_mm256_cvtepi32_ps(sum), _mm256_set1_ps(factor), _mm256_set1_ps(offset));
  return _mm256_fmadd_ps(decoded, scale, value);
}

// Queries at, at + 1, … with block first + b.
template <std::size_t Queries>
COSIMO_INLINE void bound_tile(const HeadQueries& queries, std::size_t at, const std::uint8_t* block,
                              const HeadBlocks& heads, std::size_t b, const float* thresholds,
                              const HeadBounds& out) {
  const HeadQuery* tile = queries.queries + at;
  const std::uint8_t* numbers = block + heads.lines * kLineBytes;
  Halves sums[Queries];
  Values bounds[Queries];
  clear(sums);
  add_group<kLeadLines>(tile, 0, block, 16, sums);
  add_group<kLeadLines>(tile, 0, block + kLeadLines * kLineBytes, 1, sums);
#pragma GCC unroll 2
  for (std::size_t half = 0; half < 2; ++half) {
    const __m256 scale = floats(numbers + 16 * half);
#pragma GCC unroll 4
    for (std::size_t q = 0; q < Queries; ++q) {
      const __m256 error = _mm256_set1_ps(tile[q].error * heads.norm);
      bounds[q].of[half] =
          with_decoded(error, sums[q].of[half], tile[q].lead_factor, tile[q].lead_offset, scale);
    }
  }
  clear(sums);
  std::size_t line = 2 * kLeadLines;
  std::size_t code = kRestCodes;
  for (; line + kGroupLines <= heads.lines; line += kGroupLines, code += kGroupLines * kLineDimensions)
    add_group<kGroupLines>(tile, code, block + line * kLineBytes, 1, sums);
  if (line < heads.lines) add_group<kGroupLines / 2>(tile, code, block + line * kLineBytes, 1, sums);
  unsigned passed[Queries] = {};
#pragma GCC unroll 2
  for (std::size_t half = 0; half < 2; ++half) {
    const std::uint8_t* own = numbers + 16 * half;
    const __m256 scale = floats(own + 32);
    const __m256 residual = floats(own + 64);
    const __m256 beyond = floats(own + 96);
#pragma GCC unroll 4
    for (std::size_t q = 0; q < Queries; ++q) {
      __m256& bound = bounds[q].of[half];
      bound = with_decoded(bound, sums[q].of[half], tile[q].factor, tile[q].offset, scale);
      bound = _mm256_fmadd_ps(_mm256_set1_ps(tile[q].norm), residual, bound);
      bound = _mm256_fmadd_ps(_mm256_set1_ps(tile[q].beyond_norm), beyond, bound);
      const __m256 reaches = _mm256_cmp_ps(bound, _mm256_set1_ps(thresholds[at + q]), _CMP_NLT_UQ);
      passed[q] |= static_cast<unsigned>(_mm256_movemask_ps(reaches)) << (8 * half);
    }
  }
#pragma GCC unroll 4
  for (std::size_t q = 0; q < Queries; ++q) {
    const std::size_t place = (at + q) * kMaxHeadBlocks + b;
    out.passed[place] = static_cast<std::uint16_t>(passed[q]);
    if (passed[q] == 0) continue;
    _mm256_storeu_ps(out.bounds + place * kBlockRows, bounds[q].of[0]);
    _mm256_storeu_ps(out.bounds + place * kBlockRows + 8, bounds[q].of[1]);
  }
}

COSIMO_INLINE std::int32_t sum_line(const std::int8_t* codes, const std::uint8_t* line) {
  const __m256i ones = _mm256_set1_epi16(1);
  __m256i pairs = _mm256_setzero_si256();
#pragma GCC unroll 2
  for (std::size_t i = 0; i < kLineBytes; i += 32) {
    const __m256i bytes = load(line + i);
    const __m256i low = _mm256_maddubs_epi16(low_nibbles(bytes), load(codes + i));
    const __m256i high = _mm256_maddubs_epi16(high_nibbles(bytes), load(codes + kLineBytes + i));
    pairs = _mm256_add_epi16(pairs, _mm256_add_epi16(low, high));
  }
  const __m256i sums = _mm256_madd_epi16(pairs, ones);
  __m128i four = _mm_add_epi32(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
  four = _mm_add_epi32(four, _mm_shuffle_epi32(four, 0x4e));
  four = _mm_add_epi32(four, _mm_shuffle_epi32(four, 0xb1));
  return _mm_cvtsi128_si32(four);
}

#include "kernels/search/rotated/bound_records.inc"

}  // namespace

COSIMO_TARGET void bound_heads(const HeadQueries& queries, const HeadBlocks& heads, std::size_t first,
                               std::size_t count, const float* thresholds, const HeadBounds& out) {
  const std::size_t block_bytes = heads.lines * kLineBytes + kHeadStatisticsBytes;
  for (std::size_t b = 0; b < count; ++b) {
    const std::uint8_t* block = heads.bytes + (first + b) * block_bytes;
    std::size_t q = 0;
    for (; q + kTileQueries <= queries.count; q += kTileQueries)
      bound_tile<kTileQueries>(queries, q, block, heads, b, thresholds, out);
    for (; q < queries.count; ++q) bound_tile<1>(queries, q, block, heads, b, thresholds, out);
  }
}

COSIMO_TARGET void bound_records(const RecordQuery* queries, const RecordRows& rows) {
  bound_all_records(queries, rows);
}

COSIMO_TARGET void rotate_rows(const RotationMatrix& matrix, const float* rows, std::size_t row_count,
                               float* out) {
  rotate_all(matrix, rows, row_count, out);
}

}  // namespace cosimo::avx2

#endif
