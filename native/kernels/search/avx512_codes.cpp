// Codes and bounds with AVX-512 VNNI. VPDPBUSD adds four products of an unsigned with a signed byte in each
// of sixteen lanes. Lanes are rows; four dimensions of the query are broadcast to all of them.
#include "kernels/search/search_kernel.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define COSIMO_TARGET __attribute__((target("avx512f,avx512bw,avx512vnni,fma,avx2")))

namespace cosimo::avx512 {
namespace {

using Bits [[gnu::may_alias]] = std::uint32_t;
#include "kernels/search/quantize_block.inc"

#define COSIMO_INLINE COSIMO_TARGET inline __attribute__((always_inline))
#include "kernels/search/avx512_bounds.inc"

// How far ahead memory is prefetched. The planes are read once and in order, but the hardware's prefetcher
// stops at each page.
constexpr std::size_t kPrefetchBytes = 3072;

COSIMO_INLINE void prefetch(const std::uint8_t* line) {
  _mm_prefetch(reinterpret_cast<const char*>(line + kPrefetchBytes), _MM_HINT_T0);
}

// Assembly, since GCC 12 keeps the accumulators of the intrinsic in memory in long loops.
COSIMO_INLINE __m512i with_products(__m512i sums, __m512i bytes, const std::int8_t* four) {
  __asm__("vpdpbusd %2%{1to16%}, %1, %0"
          : "+v"(sums)
          : "v"(bytes), "m"(*reinterpret_cast<const Bits*>(four)));
  return sums;
}

COSIMO_INLINE __m512i with_products(__m512i sums, __m512i bytes, __m512i four) {
  __asm__("vpdpbusd %2, %1, %0" : "+v"(sums) : "v"(bytes), "v"(four));
  return sums;
}

COSIMO_INLINE __m512i low_nibbles(__m512i line) { return _mm512_and_si512(line, _mm512_set1_epi8(15)); }

COSIMO_INLINE __m512i high_nibbles(__m512i line) {
  return _mm512_and_si512(_mm512_srli_epi16(line, 4), _mm512_set1_epi8(15));
}

// Σ d · nibble over one plane of a block, for its sixteen rows.
COSIMO_INLINE __m512i sum_plane(const std::int8_t* codes, const std::uint8_t* plane, std::size_t lines) {
  __m512i sums[4] = {_mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512(),
                     _mm512_setzero_si512()};
  std::size_t line = 0;
  for (; line + 2 <= lines; line += 2) {
    const std::uint8_t* at = plane + line * kLineBytes;
    prefetch(at);
    prefetch(at + kLineBytes);
    const __m512i even = _mm512_load_si512(at);
    const __m512i odd = _mm512_load_si512(at + kLineBytes);
    const std::int8_t* four = codes + line * kLineDimensions;
    sums[0] = with_products(sums[0], low_nibbles(even), four);
    sums[1] = with_products(sums[1], high_nibbles(even), four + 4);
    sums[2] = with_products(sums[2], low_nibbles(odd), four + 8);
    sums[3] = with_products(sums[3], high_nibbles(odd), four + 12);
  }
  if (line < lines) {
    const __m512i last = _mm512_load_si512(plane + line * kLineBytes);
    sums[0] = with_products(sums[0], low_nibbles(last), codes + line * kLineDimensions);
    sums[1] = with_products(sums[1], high_nibbles(last), codes + line * kLineDimensions + 4);
  }
  return _mm512_add_epi32(_mm512_add_epi32(sums[0], sums[1]), _mm512_add_epi32(sums[2], sums[3]));
}

template <std::size_t Queries, std::size_t Blocks>
COSIMO_INLINE void bound_tile(const CodeQueries& queries, std::size_t at, const CodeBlocks& blocks,
                              std::size_t block, const std::uint8_t* joined, const float* thresholds,
                              std::uint16_t* passed) {
  const std::size_t steps = 2 * blocks.lines;
  const std::int8_t* codes = queries.codes + at * queries.code_stride;
  __m512i sums[Queries][Blocks];
#pragma GCC unroll 8
  for (std::size_t q = 0; q < Queries; ++q) {
    const __m512i offset = _mm512_set1_epi32(-128 * queries.queries[at + q].code_sum);
#pragma GCC unroll 8
    for (std::size_t b = 0; b < Blocks; ++b) sums[q][b] = offset;
  }
  for (std::size_t step = 0; step < steps; ++step) {
    __m512i rows[Blocks];
#pragma GCC unroll 8
    for (std::size_t b = 0; b < Blocks; ++b)
      rows[b] = _mm512_load_si512(joined + (step * kMaxBlocks + b) * 64);
#pragma GCC unroll 8
    for (std::size_t q = 0; q < Queries; ++q) {
      std::int32_t four;
      __builtin_memcpy(&four, codes + q * queries.code_stride + 4 * step, sizeof four);
      const __m512i everywhere = _mm512_set1_epi32(four);
#pragma GCC unroll 8
      for (std::size_t b = 0; b < Blocks; ++b) sums[q][b] = with_products(sums[q][b], rows[b], everywhere);
    }
  }
#pragma GCC unroll 8
  for (std::size_t q = 0; q < Queries; ++q) {
    const Broadcast query = broadcast(queries.queries[at + q], thresholds[at + q]);
#pragma GCC unroll 8
    for (std::size_t b = 0; b < Blocks; ++b) {
      const std::size_t row = (block + b) * kBlockRows;
      passed[(at + q) * kMaxBlocks + b] =
          pass(query, sums[q][b], blocks.scale + row, blocks.residual + row, blocks.norm[block + b]);
    }
  }
}

template <std::size_t Blocks>
COSIMO_TARGET void bound_tiles(const CodeQueries& queries, const CodeBlocks& blocks, std::size_t block,
                               const std::uint8_t* joined, const float* thresholds, std::uint16_t* passed) {
  std::size_t at = 0;
  for (; at + 6 <= queries.count; at += 6)
    bound_tile<6, Blocks>(queries, at, blocks, block, joined, thresholds, passed);
  for (; at + 4 <= queries.count; at += 4)
    bound_tile<4, Blocks>(queries, at, blocks, block, joined, thresholds, passed);
  for (; at + 2 <= queries.count; at += 2)
    bound_tile<2, Blocks>(queries, at, blocks, block, joined, thresholds, passed);
  for (; at < queries.count; ++at)
    bound_tile<1, Blocks>(queries, at, blocks, block, joined, thresholds, passed);
}

}  // namespace

COSIMO_TARGET void bound_upper(const CodeQuery& query, const CodeBlocks& blocks, std::size_t first,
                               std::size_t count, float threshold, std::uint16_t* passed) {
  const Broadcast everywhere = broadcast(query, threshold);
  const __m512i offset = _mm512_set1_epi32(-241 * query.code_sum);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t block = first + i;
    const std::size_t row = block * kBlockRows;
    const __m512i sums =
        sum_plane(query.codes, blocks.upper + block * blocks.lines * kLineBytes, blocks.lines);
    const __m512i products = _mm512_add_epi32(_mm512_maskz_slli_epi32(0xffff, sums, 5), offset);
    passed[i] =
        pass(everywhere, products, blocks.upper_scale + row, blocks.upper_residual + row, blocks.norm[block]);
  }
}

COSIMO_TARGET void bound_whole(const CodeQuery& query, const CodeBlocks& blocks, std::size_t first,
                               std::size_t count, float threshold, std::uint16_t* passed) {
  const Broadcast everywhere = broadcast(query, threshold);
  const __m512i offset = _mm512_set1_epi32(-128 * query.code_sum);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t block = first + i;
    const std::size_t row = block * kBlockRows;
    const std::size_t at = block * blocks.lines * kLineBytes;
    const __m512i upper = sum_plane(query.codes, blocks.upper + at, blocks.lines);
    const __m512i lower = sum_plane(query.codes, blocks.lower + at, blocks.lines);
    const __m512i products =
        _mm512_add_epi32(_mm512_add_epi32(_mm512_maskz_slli_epi32(0xffff, upper, 4), lower), offset);
    passed[i] = pass(everywhere, products, blocks.scale + row, blocks.residual + row, blocks.norm[block]);
  }
}

COSIMO_TARGET void bound_many(const CodeQueries& queries, const CodeBlocks& blocks, std::size_t first,
                              std::size_t count, const float* thresholds, std::uint8_t* scratch,
                              std::uint16_t* passed) {
  for (std::size_t b = 0; b < count; ++b) {
    const std::size_t at = (first + b) * blocks.lines * kLineBytes;
    for (std::size_t line = 0; line < blocks.lines; ++line) {
      prefetch_for_join(blocks.upper + at + line * kLineBytes);
      prefetch_for_join(blocks.lower + at + line * kLineBytes);
      __m512i even;
      __m512i odd;
      join_planes(blocks.upper + at, blocks.lower + at, line, even, odd);
      _mm512_store_si512(scratch + (2 * line * kMaxBlocks + b) * 64, even);
      _mm512_store_si512(scratch + ((2 * line + 1) * kMaxBlocks + b) * 64, odd);
    }
  }
  if (count == kMaxBlocks)
    return bound_tiles<kMaxBlocks>(queries, blocks, first, scratch, thresholds, passed);
  for (std::size_t b = 0; b < count; ++b)
    bound_tiles<1>(queries, blocks, first + b, scratch + b * 64, thresholds, passed + b);
}

COSIMO_TARGET void quantize_block(const float* rows, std::size_t stride, std::size_t dimensions,
                                  const BlockCodes& block) {
  quantize_rows(rows, stride, dimensions, block);
}

}  // namespace cosimo::avx512

#endif
