// Codes and bounds with AVX2. VPMADDUBSW adds two products of an unsigned with a signed byte in int16 and
// saturates. Products of nibbles stay far below that limit; products of whole bytes do not, so bound_many
// multiplies int16 by int16. Lanes are rows, as in avx512_codes.cpp; a register holds eight.
#include "kernels/search/search_kernel.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define COSIMO_TARGET __attribute__((target("avx2,fma")))

namespace cosimo::avx2 {
namespace {

using Bits [[gnu::may_alias]] = std::uint32_t;
#include "kernels/search/quantize_block.inc"

#define COSIMO_INLINE COSIMO_TARGET inline __attribute__((always_inline))

// Two products of a nibble with a code are at most 2 · 15 · 127 = 3,810; eight such pairs, 30,480, fit into
// int16. A line adds two pairs to each lane.
constexpr std::size_t kLinesPerSum = 4;

// How far ahead memory is prefetched, as in avx512_codes.cpp and avx512_bounds.inc.
constexpr std::size_t kPrefetchBytes = 3072;
constexpr std::size_t kWidenPrefetchBytes = 12288;

// Sums of rows 0–7 and 8–15 of a block.
struct Halves {
  __m256i first;
  __m256i second;
};

COSIMO_INLINE __m256i load(const std::uint8_t* bytes) {
  return _mm256_load_si256(reinterpret_cast<const __m256i*>(bytes));
}

COSIMO_INLINE __m256i everywhere(const std::int8_t* four) {
  return _mm256_set1_epi32(static_cast<std::int32_t>(*reinterpret_cast<const Bits*>(four)));
}

// Adds half a line to sums in int16; `low` and `high` are the query's codes for its low and high nibbles.
COSIMO_INLINE __m256i with_nibbles(__m256i sums, __m256i nibbles, __m256i low, __m256i high) {
  const __m256i mask = _mm256_set1_epi8(15);
  const __m256i low_nibbles = _mm256_and_si256(nibbles, mask);
  const __m256i high_nibbles = _mm256_and_si256(_mm256_srli_epi16(nibbles, 4), mask);
  sums = _mm256_add_epi16(sums, _mm256_maddubs_epi16(low_nibbles, low));
  return _mm256_add_epi16(sums, _mm256_maddubs_epi16(high_nibbles, high));
}

template <std::size_t Lines>
COSIMO_INLINE Halves with_lines(Halves sums, const std::int8_t* codes, const std::uint8_t* lines) {
  static_assert(Lines <= kLinesPerSum);
  __m256i first = _mm256_setzero_si256();
  __m256i second = _mm256_setzero_si256();
#pragma GCC unroll 4
  for (std::size_t line = 0; line < Lines; ++line) {
    const std::uint8_t* at = lines + line * kLineBytes;
    _mm_prefetch(reinterpret_cast<const char*>(at + kPrefetchBytes), _MM_HINT_T0);
    const __m256i low = everywhere(codes + line * kLineDimensions);
    const __m256i high = everywhere(codes + line * kLineDimensions + 4);
    first = with_nibbles(first, load(at), low, high);
    second = with_nibbles(second, load(at + 32), low, high);
  }
  const __m256i ones = _mm256_set1_epi16(1);
  return {_mm256_add_epi32(sums.first, _mm256_madd_epi16(first, ones)),
          _mm256_add_epi32(sums.second, _mm256_madd_epi16(second, ones))};
}

// Σ d · nibble over one plane of a block.
COSIMO_INLINE Halves sum_plane(const std::int8_t* codes, const std::uint8_t* plane, std::size_t lines) {
  Halves sums = {_mm256_setzero_si256(), _mm256_setzero_si256()};
  std::size_t line = 0;
  for (; line + kLinesPerSum <= lines; line += kLinesPerSum) {
    sums = with_lines<kLinesPerSum>(sums, codes + line * kLineDimensions, plane + line * kLineBytes);
  }
  for (; line < lines; ++line) {
    sums = with_lines<1>(sums, codes + line * kLineDimensions, plane + line * kLineBytes);
  }
  return sums;
}

// What a bound needs of its query, in every lane.
struct Broadcast {
  __m256 scale;
  __m256 norm;
  __m256 error;
  __m256 threshold;
};

COSIMO_INLINE Broadcast broadcast(const CodeQuery& query, float threshold) {
  return {_mm256_set1_ps(query.scale), _mm256_set1_ps(query.norm), _mm256_set1_ps(query.error),
          _mm256_set1_ps(threshold)};
}

COSIMO_INLINE unsigned pass_half(const Broadcast& query, __m256i products, const float* scales,
                                 const float* residuals, __m256 rounding) {
  const __m256 scaled = _mm256_mul_ps(_mm256_cvtepi32_ps(products), _mm256_load_ps(scales));
  const __m256 slack = _mm256_fmadd_ps(query.norm, _mm256_load_ps(residuals), rounding);
  const __m256 bound = _mm256_fmadd_ps(scaled, query.scale, slack);
  return static_cast<unsigned>(_mm256_movemask_ps(_mm256_cmp_ps(bound, query.threshold, _CMP_NLT_UQ)));
}

COSIMO_INLINE std::uint16_t pass(const Broadcast& query, Halves products, const float* scales,
                                 const float* residuals, float norm) {
  const __m256 rounding = _mm256_mul_ps(query.error, _mm256_set1_ps(norm));
  const unsigned first = pass_half(query, products.first, scales, residuals, rounding);
  const unsigned second = pass_half(query, products.second, scales + 8, residuals + 8, rounding);
  return static_cast<std::uint16_t>(first | (second << 8));
}

// Bytes as int16 in two registers: one has the first and third of each four dimensions, the other the second
// and fourth.
COSIMO_INLINE void widen(__m256i bytes, __m256i* even, __m256i* odd) {
  _mm256_store_si256(even, _mm256_and_si256(bytes, _mm256_set1_epi16(255)));
  _mm256_store_si256(odd, _mm256_srli_epi16(bytes, 8));
}

COSIMO_INLINE void widen_signed(__m256i bytes, __m256i* even, __m256i* odd) {
  _mm256_store_si256(even, _mm256_srai_epi16(_mm256_slli_epi16(bytes, 8), 8));
  _mm256_store_si256(odd, _mm256_srai_epi16(bytes, 8));
}

// Joins the planes of a block and widens them: [step][even, odd][half of the block], a step being four
// dimensions.
COSIMO_INLINE void widen_block(const std::uint8_t* upper, const std::uint8_t* lower, std::size_t lines,
                               __m256i* widened) {
  const __m256i mask = _mm256_set1_epi8(15);
  for (std::size_t line = 0; line < lines; ++line) {
    const std::uint8_t* high_line = upper + line * kLineBytes;
    const std::uint8_t* low_line = lower + line * kLineBytes;
    _mm_prefetch(reinterpret_cast<const char*>(high_line + kWidenPrefetchBytes), _MM_HINT_T1);
    _mm_prefetch(reinterpret_cast<const char*>(low_line + kWidenPrefetchBytes), _MM_HINT_T1);
    __m256i* first = widened + 8 * line;
    __m256i* second = first + 4;
    for (std::size_t half = 0; half < 2; ++half) {
      const __m256i high = load(high_line + 32 * half);
      const __m256i low = load(low_line + 32 * half);
      const __m256i low_dimensions =
          _mm256_or_si256(_mm256_slli_epi16(_mm256_and_si256(high, mask), 4), _mm256_and_si256(low, mask));
      const __m256i high_dimensions =
          _mm256_or_si256(_mm256_andnot_si256(mask, high), _mm256_and_si256(_mm256_srli_epi16(low, 4), mask));
      widen(low_dimensions, first + half, first + 2 + half);
      widen(high_dimensions, second + half, second + 2 + half);
    }
  }
}

// Assembly: from intrinsics, GCC 12 joins the additions of two steps and runs out of registers.
COSIMO_INLINE __m256i with_products(__m256i sums, __m256i rows, __m256i pair) {
  __m256i products;
  __asm__("vpmaddwd %3, %2, %1\n\tvpaddd %1, %0, %0" : "+x"(sums), "=&x"(products) : "x"(rows), "x"(pair));
  return sums;
}

// Query codes are widened this many bytes at a time: an int16 copy of whole queries would need more scratch
// memory.
constexpr std::size_t kPanelBytes = kQueryCodeAlignment;
constexpr std::size_t kPanelSteps = kPanelBytes / 4;

struct Panel {
  __m256i parity[2][kPanelBytes / 32];
};

COSIMO_INLINE void widen_query(const std::int8_t* codes, Panel& panel) {
  for (std::size_t i = 0; i < kPanelBytes / 32; ++i) {
    const __m256i bytes = _mm256_load_si256(reinterpret_cast<const __m256i*>(codes) + i);
    widen_signed(bytes, &panel.parity[0][i], &panel.parity[1][i]);
  }
}

// Six queries by one block: twelve registers of sums, two of rows, one of a query and one of products.
constexpr std::size_t kTileQueries = 6;

template <std::size_t Queries>
COSIMO_INLINE void bound_tile(const CodeQueries& queries, std::size_t at, const CodeBlocks& blocks,
                              std::size_t block, const __m256i* widened, const float* thresholds,
                              std::uint16_t* passed) {
  const std::size_t steps = 2 * blocks.lines;
  Halves sums[Queries];
#pragma GCC unroll 8
  for (std::size_t q = 0; q < Queries; ++q) {
    const __m256i offset = _mm256_set1_epi32(-128 * queries.queries[at + q].code_sum);
    sums[q] = {offset, offset};
  }
  for (std::size_t start = 0; start < steps; start += kPanelSteps) {
    Panel panels[Queries];
#pragma GCC unroll 8
    for (std::size_t q = 0; q < Queries; ++q)
      widen_query(queries.codes + (at + q) * queries.code_stride + 4 * start, panels[q]);
    const std::size_t end = start + kPanelSteps < steps ? start + kPanelSteps : steps;
    for (std::size_t step = start; step < end; ++step) {
#pragma GCC unroll 2
      for (std::size_t parity = 0; parity < 2; ++parity) {
        const __m256i first = _mm256_load_si256(widened + 4 * step + 2 * parity);
        const __m256i second = _mm256_load_si256(widened + 4 * step + 2 * parity + 1);
#pragma GCC unroll 8
        for (std::size_t q = 0; q < Queries; ++q) {
          const auto* pairs = reinterpret_cast<const std::int8_t*>(panels[q].parity[parity]);
          const __m256i pair = everywhere(pairs + 4 * (step - start));
          sums[q].first = with_products(sums[q].first, first, pair);
          sums[q].second = with_products(sums[q].second, second, pair);
        }
      }
    }
  }
  const std::size_t row = block * kBlockRows;
#pragma GCC unroll 8
  for (std::size_t q = 0; q < Queries; ++q) {
    passed[(at + q) * kMaxBlocks] = pass(broadcast(queries.queries[at + q], thresholds[at + q]), sums[q],
                                         blocks.scale + row, blocks.residual + row, blocks.norm[block]);
  }
}

}  // namespace

COSIMO_TARGET void bound_upper(const CodeQuery& query, const CodeBlocks& blocks, std::size_t first,
                               std::size_t count, float threshold, std::uint16_t* passed) {
  const Broadcast everything = broadcast(query, threshold);
  const __m256i offset = _mm256_set1_epi32(-241 * query.code_sum);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t block = first + i;
    const std::size_t row = block * kBlockRows;
    const Halves sums =
        sum_plane(query.codes, blocks.upper + block * blocks.lines * kLineBytes, blocks.lines);
    const Halves products = {_mm256_add_epi32(_mm256_slli_epi32(sums.first, 5), offset),
                             _mm256_add_epi32(_mm256_slli_epi32(sums.second, 5), offset)};
    passed[i] =
        pass(everything, products, blocks.upper_scale + row, blocks.upper_residual + row, blocks.norm[block]);
  }
}

COSIMO_TARGET void bound_whole(const CodeQuery& query, const CodeBlocks& blocks, std::size_t first,
                               std::size_t count, float threshold, std::uint16_t* passed) {
  const Broadcast everything = broadcast(query, threshold);
  const __m256i offset = _mm256_set1_epi32(-128 * query.code_sum);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t block = first + i;
    const std::size_t row = block * kBlockRows;
    const std::size_t at = block * blocks.lines * kLineBytes;
    const Halves upper = sum_plane(query.codes, blocks.upper + at, blocks.lines);
    const Halves lower = sum_plane(query.codes, blocks.lower + at, blocks.lines);
    const Halves products = {
        _mm256_add_epi32(_mm256_add_epi32(_mm256_slli_epi32(upper.first, 4), lower.first), offset),
        _mm256_add_epi32(_mm256_add_epi32(_mm256_slli_epi32(upper.second, 4), lower.second), offset)};
    passed[i] = pass(everything, products, blocks.scale + row, blocks.residual + row, blocks.norm[block]);
  }
}

COSIMO_TARGET void bound_many(const CodeQueries& queries, const CodeBlocks& blocks, std::size_t first,
                              std::size_t count, const float* thresholds, std::uint8_t* scratch,
                              std::uint16_t* passed) {
  auto* widened = reinterpret_cast<__m256i*>(scratch);  // one block in int16: half of the scratch memory
  for (std::size_t b = 0; b < count; ++b) {
    const std::size_t block = first + b;
    const std::size_t plane = block * blocks.lines * kLineBytes;
    widen_block(blocks.upper + plane, blocks.lower + plane, blocks.lines, widened);
    std::size_t at = 0;
    for (; at + kTileQueries <= queries.count; at += kTileQueries)
      bound_tile<kTileQueries>(queries, at, blocks, block, widened, thresholds, passed + b);
    for (; at + 2 <= queries.count; at += 2)
      bound_tile<2>(queries, at, blocks, block, widened, thresholds, passed + b);
    if (at < queries.count) bound_tile<1>(queries, at, blocks, block, widened, thresholds, passed + b);
  }
}

COSIMO_TARGET void quantize_block(const float* rows, std::size_t stride, std::size_t dimensions,
                                  const BlockCodes& block) {
  quantize_rows(rows, stride, dimensions, block);
}

}  // namespace cosimo::avx2

#endif
