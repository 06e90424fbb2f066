// Rotated rows with AVX-512 VNNI. Four queries share the unpacked nibbles of a line; lanes are rows.
#include "kernels/search/rotated/rotated_kernel.h"
#include "kernels/search/search_kernel.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define COSIMO_TARGET __attribute__((target("avx512f,avx512bw,avx512vnni,fma,avx2,popcnt")))

namespace cosimo::avx512 {
namespace {

#include "kernels/search/rotated/rotate_rows.inc"

#define COSIMO_INLINE COSIMO_TARGET inline __attribute__((always_inline))

#include "kernels/search/rotated/avx512_heads.inc"

using Bits [[gnu::may_alias]] = std::int32_t;

// How far ahead memory is prefetched: heads are read once and in order, but the hardware's prefetcher stops
// at each page.
constexpr std::size_t kPrefetchBytes = 3072;

constexpr std::size_t kTileQueries = 4;

// Assembly, since GCC 12 keeps the accumulators of the intrinsic in memory in long loops.
COSIMO_INLINE __m512i with_products(__m512i sums, __m512i bytes, const std::int8_t* four) {
  __asm__("vpdpbusd %2%{1to16%}, %1, %0"
          : "+v"(sums)
          : "v"(bytes), "m"(*reinterpret_cast<const Bits*>(four)));
  return sums;
}

template <std::size_t Queries>
struct Sums {
  // Apart, since each accumulator waits for its last product.
  __m512i low[Queries];
  __m512i high[Queries];
};

template <std::size_t Queries>
COSIMO_INLINE void clear(Sums<Queries>& sums) {
#pragma GCC unroll 4
  for (std::size_t q = 0; q < Queries; ++q) sums.low[q] = sums.high[q] = _mm512_setzero_si512();
}

// Σ d · nibble over the lines, added to the sums of each query. `code` is where their codes begin.
template <std::size_t Queries>
COSIMO_INLINE void add_lines(const HeadQuery* queries, std::size_t code, const std::uint8_t* lines,
                             std::size_t count, Sums<Queries>& sums) {
  const __m512i mask = _mm512_set1_epi8(15);
  for (std::size_t line = 0; line < count; ++line) {
    const std::uint8_t* bytes = lines + line * kLineBytes;
    _mm_prefetch(reinterpret_cast<const char*>(bytes + kPrefetchBytes), _MM_HINT_T0);
    const __m512i nibbles = _mm512_load_si512(bytes);
    const __m512i low = _mm512_and_si512(nibbles, mask);
    const __m512i high = _mm512_and_si512(_mm512_srli_epi16(nibbles, 4), mask);
#pragma GCC unroll 4
    for (std::size_t q = 0; q < Queries; ++q) {
      const std::int8_t* codes = queries[q].codes + code + line * kLineDimensions;
      sums.low[q] = with_products(sums.low[q], low, codes);
      sums.high[q] = with_products(sums.high[q], high, codes + 4);
    }
  }
}

// Queries at, at + 1, … with block `b`.
template <std::size_t Queries>
COSIMO_INLINE void bound_tile(const HeadQueries& queries, std::size_t at, const std::uint8_t* block,
                              const HeadBlocks& heads, std::size_t b, const float* thresholds,
                              PassedRows* passed) {
  const HeadQuery* tile = queries.queries + at;
  Sums<Queries> sums;
  __m512i lead[Queries];
  clear(sums);
  add_lines<Queries>(tile, 0, block, kLeadLines, sums);
#pragma GCC unroll 4
  for (std::size_t q = 0; q < Queries; ++q) {
    sums.low[q] = _mm512_maskz_slli_epi32(0xffff, sums.low[q], 4);
    sums.high[q] = _mm512_maskz_slli_epi32(0xffff, sums.high[q], 4);
  }
  add_lines<Queries>(tile, 0, block + kLeadLines * kLineBytes, kLeadLines, sums);
#pragma GCC unroll 4
  for (std::size_t q = 0; q < Queries; ++q) lead[q] = _mm512_add_epi32(sums.low[q], sums.high[q]);
  clear(sums);
  add_lines<Queries>(tile, kRestCodes, block + 2 * kLeadLines * kLineBytes, heads.lines - 2 * kLeadLines,
                     sums);
  const RowNumbers numbers = numbers_at(block + heads.lines * kLineBytes);
#pragma GCC unroll 4
  for (std::size_t q = 0; q < Queries; ++q) {
    const __m512i rest = _mm512_add_epi32(sums.low[q], sums.high[q]);
    add_passed(tile[q], lead[q], rest, numbers, heads.norm, thresholds[at + q], b * kBlockRows,
               passed[at + q]);
  }
}

}  // namespace

COSIMO_TARGET void bound_heads(const HeadQueries& queries, const HeadBlocks& heads, std::size_t first,
                               std::size_t count, const float* thresholds, PassedRows* passed) {
  const std::size_t block_bytes = heads.lines * kLineBytes + kHeadStatisticsBytes;
  for (std::size_t q = 0; q < queries.count; ++q) passed[q].count = 0;
  for (std::size_t b = first; b < first + count; ++b) {
    const std::uint8_t* block = heads.bytes + b * block_bytes;
    std::size_t q = 0;
    for (; q + kTileQueries <= queries.count; q += kTileQueries)
      bound_tile<kTileQueries>(queries, q, block, heads, b, thresholds, passed);
    for (; q < queries.count; ++q) bound_tile<1>(queries, q, block, heads, b, thresholds, passed);
  }
}

COSIMO_TARGET void rotate_rows(const RotationMatrix& matrix, const float* rows, std::size_t row_count,
                               float* out) {
  rotate_all(matrix, rows, row_count, out);
}

}  // namespace cosimo::avx512

#endif
