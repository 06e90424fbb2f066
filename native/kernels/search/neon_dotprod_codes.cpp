// Bounds with NEON and SDOT, which adds four products of signed bytes in each of four lanes. A nibble is a
// signed byte as it is.
#include "kernels/search/search_kernel.h"

#if defined(__aarch64__)

#include <arm_neon.h>

namespace cosimo {
namespace neon_dotprod {
namespace {

#if defined(__ARM_FEATURE_DOTPROD)
#define COSIMO_TARGET
#elif defined(__clang__)
#define COSIMO_TARGET __attribute__((target("dotprod")))
#else
#define COSIMO_TARGET __attribute__((target("arch=armv8.2-a+dotprod")))
#endif
#define COSIMO_INLINE COSIMO_TARGET inline __attribute__((always_inline))
#include "kernels/search/neon_bounds.inc"

// Assembly, since Clang before 16 has the intrinsic only if the whole file may use the instruction.
template <int Lane>
COSIMO_INLINE int32x4_t with_products(int32x4_t sums, int8x16_t bytes, int8x16_t codes) {
  __asm__("sdot %0.4s, %1.16b, %2.4b[%c3]" : "+w"(sums) : "w"(bytes), "w"(codes), "i"(Lane));
  return sums;
}

// Adds one line; lanes Lane and Lane + 1 of `codes` are for its low and its high nibbles.
template <int Lane>
COSIMO_INLINE void add_line(Sums& low, Sums& high, const std::uint8_t* line, int8x16_t codes) {
#pragma GCC unroll 4
  for (std::size_t n = 0; n < 4; ++n) {
    const auto [low_nibbles, high_nibbles] = nibbles_at(line + 16 * n);
    low.of[n] = with_products<Lane>(low.of[n], low_nibbles, codes);
    high.of[n] = with_products<Lane + 1>(high.of[n], high_nibbles, codes);
  }
}

// Σ d · nibble over one plane of a block.
COSIMO_INLINE Sums sum_plane(const std::int8_t* codes, const std::uint8_t* plane, std::size_t lines) {
  Sums low = all(0);
  Sums high = all(0);
  std::size_t line = 0;
  for (; line + 2 <= lines; line += 2) {
    const std::uint8_t* at = plane + line * kLineBytes;
    prefetch(at);
    prefetch(at + kLineBytes);
    const int8x16_t sixteen = vld1q_s8(codes + line * kLineDimensions);
    add_line<0>(low, high, at, sixteen);
    add_line<2>(low, high, at + kLineBytes, sixteen);
  }
  if (line < lines) {
    add_line<0>(low, high, plane + line * kLineBytes, vld1q_s8(codes + line * kLineDimensions));
  }
  return combine(low, 1, high, 0);
}

COSIMO_INLINE std::int32_t sum_line(const std::int8_t* codes, const std::uint8_t* line) {
  int32x4_t sums = vdupq_n_s32(0);
  for (std::size_t i = 0; i < kLineBytes; i += 16) {
    const auto [low, high] = nibbles_at(line + i);
    __asm__("sdot %0.4s, %1.16b, %2.16b" : "+w"(sums) : "w"(low), "w"(vld1q_s8(codes + i)));
    __asm__("sdot %0.4s, %1.16b, %2.16b" : "+w"(sums) : "w"(high), "w"(vld1q_s8(codes + kLineBytes + i)));
  }
  return vaddvq_s32(sums);
}

#include "kernels/search/rotated/bound_records.inc"
#include "kernels/search/rotated/neon_rotated.inc"

template <int Step, std::size_t Queries>
COSIMO_INLINE void add_step(Sums (&sums)[Queries], const std::int8_t* joined,
                            const int8x16_t (&codes)[Queries]) {
#pragma GCC unroll 4
  for (std::size_t n = 0; n < 4; ++n) {
    const int8x16_t rows = vld1q_s8(joined + 64 * Step + 16 * n);
#pragma GCC unroll 4
    for (std::size_t q = 0; q < Queries; ++q)
      sums[q].of[n] = with_products<Step>(sums[q].of[n], rows, codes[q]);
  }
}

// Four queries by one block: sixteen registers of sums.
constexpr std::size_t kTileQueries = 4;

template <std::size_t Queries>
COSIMO_INLINE void bound_tile(const CodeQueries& queries, std::size_t at, const CodeBlocks& blocks,
                              std::size_t block, const std::int8_t* joined, const float* thresholds,
                              std::uint16_t* passed) {
  const std::int8_t* codes = queries.codes + at * queries.code_stride;
  Sums sums[Queries];
#pragma GCC unroll 4
  for (std::size_t q = 0; q < Queries; ++q) sums[q] = all(0);
  for (std::size_t line = 0; line < blocks.lines; line += 2) {
    int8x16_t sixteen[Queries];
#pragma GCC unroll 4
    for (std::size_t q = 0; q < Queries; ++q)
      sixteen[q] = vld1q_s8(codes + q * queries.code_stride + line * kLineDimensions);
    const std::int8_t* rows = joined + 128 * line;
    add_step<0>(sums, rows, sixteen);
    add_step<1>(sums, rows, sixteen);
    add_step<2>(sums, rows, sixteen);
    add_step<3>(sums, rows, sixteen);
  }
  const std::size_t row = block * kBlockRows;
#pragma GCC unroll 4
  for (std::size_t q = 0; q < Queries; ++q) {
    passed[(at + q) * kMaxBlocks] = pass(queries.queries[at + q], sums[q], blocks.scale + row,
                                         blocks.residual + row, blocks.norm[block], thresholds[at + q]);
  }
}

}  // namespace

COSIMO_TARGET void bound_upper(const CodeQuery& query, const CodeBlocks& blocks, std::size_t first,
                               std::size_t count, float threshold, std::uint16_t* passed) {
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t block = first + i;
    const std::size_t row = block * kBlockRows;
    const Sums upper = sum_plane(query.codes, blocks.upper + block * blocks.lines * kLineBytes, blocks.lines);
    passed[i] = pass(query, combine(upper, 32, all(0), -241 * query.code_sum), blocks.upper_scale + row,
                     blocks.upper_residual + row, blocks.norm[block], threshold);
  }
}

COSIMO_TARGET void bound_whole(const CodeQuery& query, const CodeBlocks& blocks, std::size_t first,
                               std::size_t count, float threshold, std::uint16_t* passed) {
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t block = first + i;
    const std::size_t row = block * kBlockRows;
    const std::size_t at = block * blocks.lines * kLineBytes;
    const Sums upper = sum_plane(query.codes, blocks.upper + at, blocks.lines);
    const Sums lower = sum_plane(query.codes, blocks.lower + at, blocks.lines);
    passed[i] = pass(query, combine(upper, 16, lower, -128 * query.code_sum), blocks.scale + row,
                     blocks.residual + row, blocks.norm[block], threshold);
  }
}

COSIMO_TARGET void bound_many(const CodeQueries& queries, const CodeBlocks& blocks, std::size_t first,
                              std::size_t count, const float* thresholds, std::uint8_t* scratch,
                              std::uint16_t* passed) {
  auto* joined = reinterpret_cast<std::int8_t*>(scratch);
  for (std::size_t b = 0; b < count; ++b) {
    join_block(blocks, first + b, joined);
    std::size_t at = 0;
    for (; at + kTileQueries <= queries.count; at += kTileQueries)
      bound_tile<kTileQueries>(queries, at, blocks, first + b, joined, thresholds, passed + b);
    for (; at < queries.count; ++at)
      bound_tile<1>(queries, at, blocks, first + b, joined, thresholds, passed + b);
  }
}

COSIMO_TARGET void bound_heads(const HeadQueries& queries, const HeadBlocks& heads, std::size_t first,
                               std::size_t count, const float* thresholds, PassedRows* passed) {
  bound_all_heads(queries, heads, first, count, thresholds, passed);
}

COSIMO_TARGET void bound_records(const RecordQuery& query, const Records& records, float threshold,
                                 PassedRows& passed) {
  bound_all_records(query, records, threshold, passed);
}

}  // namespace neon_dotprod

const SearchKernel kNeonDotprodSearchKernel = {
    "neon-dotprod",
    neon::score_rows,
    neon_dotprod::bound_upper,
    neon_dotprod::bound_whole,
    neon_dotprod::bound_many,
    neon::quantize_block,
    {neon_dotprod::bound_heads, neon_dotprod::bound_records, neon::rotate_rows}};

}  // namespace cosimo

#endif
