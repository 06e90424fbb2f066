// Codes and bounds with NEON, which every AArch64 CPU has. Products of bytes are added in int16 as long as
// they fit, then in int32. A register of sums holds two rows, four lanes each.
#include "kernels/search/search_kernel.h"

#if defined(__aarch64__)

#include <arm_neon.h>

#define COSIMO_TARGET

namespace cosimo::neon {
namespace {

using Bits [[gnu::may_alias]] = std::uint32_t;
#include "kernels/search/quantize_block.inc"

#define COSIMO_INLINE COSIMO_TARGET inline __attribute__((always_inline))
#include "kernels/search/neon_bounds.inc"

// A product of a nibble with a code is at most 15 · 127 = 1,905, and int16 holds seventeen; a line adds two
// to each lane.
constexpr std::size_t kLinesPerSum = 8;

// Rows 2n and 2n + 1 of a block.
struct ShortSums {
  int16x8_t of[8];
};

struct PairSums {
  int32x4_t of[8];
};

COSIMO_INLINE int8x16_t everywhere(const std::int8_t* four) {
  std::int32_t word;
  __builtin_memcpy(&word, four, sizeof word);
  return vreinterpretq_s8_s32(vdupq_n_s32(word));
}

COSIMO_INLINE ShortSums with_line(ShortSums sums, const std::uint8_t* line, const std::int8_t* codes) {
  const int8x16_t low = everywhere(codes);
  const int8x16_t high = everywhere(codes + 4);
#pragma GCC unroll 4
  for (std::size_t n = 0; n < 4; ++n) {
    const auto [low_nibbles, high_nibbles] = nibbles_at(line + 16 * n);
    sums.of[2 * n] = vmlal_s8(sums.of[2 * n], vget_low_s8(low_nibbles), vget_low_s8(low));
    sums.of[2 * n + 1] = vmlal_high_s8(sums.of[2 * n + 1], low_nibbles, low);
    sums.of[2 * n] = vmlal_s8(sums.of[2 * n], vget_low_s8(high_nibbles), vget_low_s8(high));
    sums.of[2 * n + 1] = vmlal_high_s8(sums.of[2 * n + 1], high_nibbles, high);
  }
  return sums;
}

COSIMO_INLINE Sums fold(const PairSums& pairs) {
  return {{vpaddq_s32(pairs.of[0], pairs.of[1]), vpaddq_s32(pairs.of[2], pairs.of[3]),
           vpaddq_s32(pairs.of[4], pairs.of[5]), vpaddq_s32(pairs.of[6], pairs.of[7])}};
}

// Σ d · nibble over one plane of a block.
COSIMO_INLINE Sums sum_plane(const std::int8_t* codes, const std::uint8_t* plane, std::size_t lines) {
  PairSums sums;
#pragma GCC unroll 8
  for (std::size_t n = 0; n < 8; ++n) sums.of[n] = vdupq_n_s32(0);
  for (std::size_t line = 0; line < lines;) {
    const std::size_t end = line + kLinesPerSum < lines ? line + kLinesPerSum : lines;
    ShortSums part;
#pragma GCC unroll 8
    for (std::size_t n = 0; n < 8; ++n) part.of[n] = vdupq_n_s16(0);
    for (; line < end; ++line) {
      prefetch(plane + line * kLineBytes);
      part = with_line(part, plane + line * kLineBytes, codes + line * kLineDimensions);
    }
#pragma GCC unroll 8
    for (std::size_t n = 0; n < 8; ++n) sums.of[n] = vpadalq_s16(sums.of[n], part.of[n]);
  }
  return fold(sums);
}

COSIMO_INLINE std::int32_t sum_line(const std::int8_t* codes, const std::uint8_t* line) {
  int32x4_t sums = vdupq_n_s32(0);
  for (std::size_t i = 0; i < kLineBytes; i += 16) {
    const auto [low, high] = nibbles_at(line + i);
    const int8x16_t low_codes = vld1q_s8(codes + i);
    const int8x16_t high_codes = vld1q_s8(codes + kLineBytes + i);
    int16x8_t products = vmull_s8(vget_low_s8(low), vget_low_s8(low_codes));
    products = vmlal_high_s8(products, low, low_codes);
    products = vmlal_s8(products, vget_low_s8(high), vget_low_s8(high_codes));
    sums = vpadalq_s16(sums, vmlal_high_s8(products, high, high_codes));
  }
  return vaddvq_s32(sums);
}

#include "kernels/search/rotated/bound_records.inc"
#include "kernels/search/rotated/neon_rotated.inc"
#include "kernels/search/rotated/rotate_rows.inc"

// Adds eight dimensions of eight rows. Two products of codes, at most 2 · 127² = 32,258, fit into int16.
COSIMO_INLINE void add_products(PairSums& sums, std::size_t n, int8x16_t first, int8x16_t second,
                                int8x16_t first_codes, int8x16_t second_codes) {
  int16x8_t low = vmull_s8(vget_low_s8(first), vget_low_s8(first_codes));
  int16x8_t high = vmull_high_s8(first, first_codes);
  low = vmlal_s8(low, vget_low_s8(second), vget_low_s8(second_codes));
  high = vmlal_high_s8(high, second, second_codes);
  sums.of[2 * n] = vpadalq_s16(sums.of[2 * n], low);
  sums.of[2 * n + 1] = vpadalq_s16(sums.of[2 * n + 1], high);
}

template <std::size_t Queries>
COSIMO_INLINE void bound_tile(const CodeQueries& queries, std::size_t at, const CodeBlocks& blocks,
                              std::size_t block, const std::int8_t* joined, const float* thresholds,
                              std::uint16_t* passed) {
  const std::int8_t* codes = queries.codes + at * queries.code_stride;
  PairSums sums[Queries];
#pragma GCC unroll 2
  for (std::size_t q = 0; q < Queries; ++q) {
#pragma GCC unroll 8
    for (std::size_t n = 0; n < 8; ++n) sums[q].of[n] = vdupq_n_s32(0);
  }
  for (std::size_t line = 0; line < blocks.lines; ++line) {
    const std::int8_t* rows = joined + 128 * line;
    int8x16_t first[Queries];
    int8x16_t second[Queries];
#pragma GCC unroll 2
    for (std::size_t q = 0; q < Queries; ++q) {
      first[q] = everywhere(codes + q * queries.code_stride + line * kLineDimensions);
      second[q] = everywhere(codes + q * queries.code_stride + line * kLineDimensions + 4);
    }
#pragma GCC unroll 4
    for (std::size_t n = 0; n < 4; ++n) {
      const int8x16_t first_rows = vld1q_s8(rows + 16 * n);
      const int8x16_t second_rows = vld1q_s8(rows + 64 + 16 * n);
#pragma GCC unroll 2
      for (std::size_t q = 0; q < Queries; ++q)
        add_products(sums[q], n, first_rows, second_rows, first[q], second[q]);
    }
  }
  const std::size_t row = block * kBlockRows;
#pragma GCC unroll 2
  for (std::size_t q = 0; q < Queries; ++q) {
    passed[(at + q) * kMaxBlocks] = pass(queries.queries[at + q], fold(sums[q]), blocks.scale + row,
                                         blocks.residual + row, blocks.norm[block], thresholds[at + q]);
  }
}

}  // namespace

void bound_upper(const CodeQuery& query, const CodeBlocks& blocks, std::size_t first, std::size_t count,
                 float threshold, std::uint16_t* passed) {
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t block = first + i;
    const std::size_t row = block * kBlockRows;
    const Sums upper = sum_plane(query.codes, blocks.upper + block * blocks.lines * kLineBytes, blocks.lines);
    passed[i] = pass(query, combine(upper, 32, all(0), -241 * query.code_sum), blocks.upper_scale + row,
                     blocks.upper_residual + row, blocks.norm[block], threshold);
  }
}

void bound_whole(const CodeQuery& query, const CodeBlocks& blocks, std::size_t first, std::size_t count,
                 float threshold, std::uint16_t* passed) {
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

void bound_many(const CodeQueries& queries, const CodeBlocks& blocks, std::size_t first, std::size_t count,
                const float* thresholds, std::uint8_t* scratch, std::uint16_t* passed) {
  auto* joined = reinterpret_cast<std::int8_t*>(scratch);
  for (std::size_t b = 0; b < count; ++b) {
    join_block(blocks, first + b, joined);
    std::size_t at = 0;
    for (; at + 2 <= queries.count; at += 2)
      bound_tile<2>(queries, at, blocks, first + b, joined, thresholds, passed + b);
    if (at < queries.count) bound_tile<1>(queries, at, blocks, first + b, joined, thresholds, passed + b);
  }
}

void quantize_block(const float* rows, std::size_t stride, std::size_t dimensions, const BlockCodes& block) {
  quantize_rows(rows, stride, dimensions, block);
}

void bound_heads(const HeadQueries& queries, const HeadBlocks& heads, std::size_t first, std::size_t count,
                 const float* thresholds, PassedRows* passed) {
  bound_all_heads(queries, heads, first, count, thresholds, passed);
}

void bound_records(const RecordQuery& query, const Records& records, float threshold, PassedRows& passed) {
  bound_all_records(query, records, threshold, passed);
}

void rotate_rows(const RotationMatrix& matrix, const float* rows, std::size_t row_count, float* out) {
  rotate_all(matrix, rows, row_count, out);
}

}  // namespace cosimo::neon

#endif
