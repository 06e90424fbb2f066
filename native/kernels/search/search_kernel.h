// The interface of a search kernel: what runs once for every row of an index, written once for every
// instruction set.
//
// A kernel's file includes this header, .inc files of this folder and of rotated/, and its intrinsics, the
// AMX ones also kernels/amx_tiles.h. This header holds no inline code. The linker keeps one copy of an inline
// function: it could be one that was compiled with AVX-512, for a CPU without it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/search/rotated/rotated_kernel.h"

namespace cosimo {

/// Row strides are a multiple of this many floats, one 64-byte line. The padding is zero, so kernels have no
/// tails.
constexpr std::size_t kLanes = 16;

/// Rows, queries, codes and their statistics start on a boundary of this many bytes.
constexpr std::size_t kRowAlignment = 64;

/// With at most this many dimensions, every sum of codes fits into int32.
constexpr std::size_t kMaxDimensions = 16384;

/// Only rows and queries whose largest magnitude lies between these, or is zero, are coded: then no bound
/// overflows or meets a denormal.
constexpr float kMinCodable = 0x1p-40F;
constexpr float kMaxCodable = 0x1p40F;

/// Codes are kept in blocks of this many rows: a lane of a register is a row, and nothing is summed across
/// lanes.
constexpr std::size_t kBlockRows = 16;

/// How many dimensions of each row of a block one 64-byte line of one plane holds.
constexpr std::size_t kLineDimensions = 8;

constexpr std::size_t kLineBytes = kBlockRows * kLineDimensions / 2;

/// From the codes of one query to the next is a multiple of this many bytes; the padding is zero.
constexpr std::size_t kQueryCodeAlignment = 64;

/// The most blocks that one call of BoundMany takes.
constexpr std::size_t kMaxBlocks = 4;

/// sums[r] = Σ query[i] · rows[r · stride + i], accumulated in double, for r < row_count.
/// `query` holds `stride` doubles and `rows` row_count · stride floats, both aligned to kRowAlignment, all
/// finite.
///
/// All kernels return the same bits. A product of two float32 values is exact in double (48 of 53 bits, and
/// no exponent out of range), so a fused and an unfused multiply-add agree, and only the order of additions
/// is left:
///   lane j (0 ≤ j < 16) adds the products j, j + 16, j + 32, … in that order, starting from zero;
///   then lanes are folded 16 → 8 → 4 → 2 → 1, each step adding lane j + half to lane j.
/// This needs IEEE double arithmetic, round to nearest, denormals kept. Flush-to-zero or another rounding
/// mode on the calling thread, or a build with -ffast-math, gives other last bits.
using ScoreRows = void(const double* query, const float* rows, std::size_t row_count, std::size_t stride,
                       double* sums);

/// Codes and statistics of rows, in blocks of kBlockRows. docs/exact-search.md derives what the numbers mean
/// and why the bounds hold.
///
/// Dimension j of a row has the code c = 16·h + l − 128, from −127 to 127 (0 in the padding). The upper plane
/// keeps h, the lower plane l. Line g of a block holds dimensions 8g … 8g + 7: byte 4r + i (r < 16, i < 4)
/// has dimension 8g + i of row r in its low half and dimension 8g + 4 + i in its high half.
struct CodeBlocks {
  std::size_t lines;            // of one block in one plane: dimensions / 8, rounded up
  const std::uint8_t* upper;    // [block][line][64]
  const std::uint8_t* lower;    // [block][line][64]
  const float* upper_scale;     // [row]: twice this times (16·h + 7.5 − 128) is the decoded value
  const float* upper_residual;  // [row]: ≥ ‖row − row decoded from the upper plane‖
  const float* scale;           // [row]: this times c is the decoded value
  const float* residual;        // [row]: ≥ ‖row − row decoded from both planes‖
  const float* norm;            // [block]: ≥ ‖row‖ and ≥ ‖decoded row‖ for each of its rows

  /// Of one block in one plane, with the numbers of its rows.
  std::size_t plane_bytes() const noexcept { return lines * kLineBytes + 2 * kBlockRows * sizeof(float); }
};

/// A query's codes: `value` ≈ scale · code, code from −127 to 127.
struct CodeQuery {
  const std::int8_t* codes;  // lines · 8, zero up to a multiple of kQueryCodeAlignment
  std::int32_t code_sum;     // Σ codes
  float scale;
  float norm;   // ≥ ‖query‖
  float error;  // ≥ ‖query − decoded query‖ + slack for rounding
};

/// For each block b of [first, first + count) in passed[b − first]: bit r is set unless the bound of row r is
/// below `threshold`. A set bit means that the row may reach it, a clear bit that it certainly does not.
///   by the upper plane:  (32·Σ d·h − 241·Σ d) · upper_scale · query.scale + query.norm · upper_residual + e
///   by both planes:      (Σ d·c)              · scale       · query.scale + query.norm · residual       + e
/// where d are the codes of the query and e = query.error · norm of the block. Sums are exact int32; a bound
/// that is NaN counts as reaching.
using BoundBlocks = void(const CodeQuery& query, const CodeBlocks& blocks, std::size_t first,
                         std::size_t count, float threshold, std::uint16_t* passed);

/// Several queries over the same rows.
struct CodeQueries {
  std::size_t count;
  const CodeQuery* queries;  // [count]
  const std::int8_t* codes;  // queries[i].codes = codes + i · code_stride
  std::size_t code_stride;   // a multiple of kQueryCodeAlignment
};

/// Zeros follow the codes of the last query, up to a multiple of this many queries.
constexpr std::size_t kQueryTile = 32;

/// BoundBlocks by both planes for every query i, in passed[i · kMaxBlocks + b − first], with thresholds[i].
/// count ≤ kMaxBlocks. `scratch` is the thread's own: kMaxBlocks · code_stride · kBlockRows bytes, aligned.
using BoundMany = void(const CodeQueries& queries, const CodeBlocks& blocks, std::size_t first,
                       std::size_t count, const float* thresholds, std::uint8_t* scratch,
                       std::uint16_t* passed);

/// Where to write the codes of one block. Arrays of kBlockRows, except `norm`, which is one number.
struct BlockCodes {
  std::uint8_t* upper;
  std::uint8_t* lower;
  float* upper_scale;
  float* upper_residual;
  float* scale;
  float* residual;
  float* norm;
};

/// Makes the codes of kBlockRows rows, `stride` floats from one to the next; dimensions ≤ kMaxDimensions.
/// Never fails: a row that can't be coded gets an infinite residual, so that it always passes.
using QuantizeBlock = void(const float* rows, std::size_t stride, std::size_t dimensions,
                           const BlockCodes& block);

struct SearchKernel {
  const char* name;
  ScoreRows* score_rows;
  BoundBlocks* bound_upper;
  BoundBlocks* bound_whole;
  BoundMany* bound_many;
  QuantizeBlock* quantize_block;
  RotatedKernel rotated;
};

#if defined(__x86_64__)
extern const SearchKernel kAmxSearchKernel;
extern const SearchKernel kAvx512SearchKernel;
extern const SearchKernel kAvx2SearchKernel;
#elif defined(__aarch64__)
extern const SearchKernel kNeonDotprodSearchKernel;
extern const SearchKernel kNeonSearchKernel;
#endif
extern const SearchKernel kScalarSearchKernel;

// The functions by instruction set: a kernel may take some of them from another.
namespace scalar {
ScoreRows score_rows;
BoundBlocks bound_upper;
BoundBlocks bound_whole;
BoundMany bound_many;
QuantizeBlock quantize_block;
}  // namespace scalar

#if defined(__x86_64__)
namespace avx2 {
ScoreRows score_rows;
BoundBlocks bound_upper;
BoundBlocks bound_whole;
BoundMany bound_many;
QuantizeBlock quantize_block;
}  // namespace avx2

namespace avx512 {
ScoreRows score_rows;
BoundBlocks bound_upper;
BoundBlocks bound_whole;
BoundMany bound_many;
QuantizeBlock quantize_block;
}  // namespace avx512

namespace amx {
BoundMany bound_many;
}  // namespace amx
#elif defined(__aarch64__)
namespace neon {
ScoreRows score_rows;
BoundBlocks bound_upper;
BoundBlocks bound_whole;
BoundMany bound_many;
QuantizeBlock quantize_block;
}  // namespace neon

namespace neon_dotprod {
BoundBlocks bound_upper;
BoundBlocks bound_whole;
BoundMany bound_many;
}  // namespace neon_dotprod
#endif

}  // namespace cosimo
