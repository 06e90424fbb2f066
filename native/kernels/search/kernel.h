// The interface of a kernel: what runs once for every row, or for every float of an answer, written once for
// every instruction set.
//
// ISA files include this header, `quantize_block.inc` and their intrinsics, nothing else: an inline library
// function compiled with AVX-512 in one file could be the copy that the linker keeps for a CPU without it.
// Hence no inline code here either.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cosimo {

/// Row strides are a multiple of this many floats (one 64-byte line); the padding is zero, so kernels have no
/// tails.
constexpr std::size_t kLanes = 16;

/// Rows, queries, codes and their statistics start on a boundary of this many bytes.
constexpr std::size_t kRowAlignment = 64;

/// So many dimensions keep every sum of codes within int32.
constexpr std::size_t kMostDimensions = 16384;

/// Rows and queries whose largest magnitude lies beyond these are not coded (but for zeros): a bound of the
/// others neither overflows nor meets a denormal.
constexpr float kLeastCodable = 0x1p-40F;
constexpr float kMostCodable = 0x1p40F;

/// Codes are kept for this many rows together: a lane of a register is a row, and nothing is summed across
/// lanes.
constexpr std::size_t kBlockRows = 16;

/// Dimensions that one 64-byte line of one plane holds, of each row of a block.
constexpr std::size_t kLineDimensions = 8;

constexpr std::size_t kLineBytes = kBlockRows * kLineDimensions / 2;

/// Line strides of query codes are a multiple of this many bytes, the padding zero.
constexpr std::size_t kQueryCodeAlignment = 64;

/// Most blocks that one call of BoundMany takes.
constexpr std::size_t kMostBlocks = 4;

/// sums[r] = Σ query[i] · rows[r · stride + i], accumulated in double, for r < row_count.
/// `query` holds `stride` doubles and `rows` row_count · stride floats, both aligned to kRowAlignment, all
/// finite.
///
/// Every kernel returns the same bits. A product of two float32 values is exact in double (48 of 53 bits, and
/// no exponent out of range), so a fused and an unfused multiply-add agree, and only the order of additions
/// is left:
///   lane j (0 ≤ j < 16) adds the products j, j + 16, j + 32, … in that order, starting from zero;
///   then lanes are folded 16 → 8 → 4 → 2 → 1, each step adding lane j + half to lane j.
/// What this rests on: IEEE double arithmetic, round to nearest, denormals kept. A host that sets
/// flush-to-zero or another rounding mode on the calling thread gets other last bits, as does a build with
/// -ffast-math.
using ScoreRows = void(const double* query, const float* rows, std::size_t row_count, std::size_t stride,
                       double* sums);

/// What is kept of each row beside its floats, in blocks of kBlockRows. What the numbers mean and why the
/// bounds hold is derived in docs/exact-search.md.
///
/// Dimension j of a row has the code c = 16·h + l − 128, from −127 to 127 (0 in the padding). The upper plane
/// keeps h, the lower plane l. Line g of a block holds dimensions 8g … 8g + 7: byte 4r + i (r < 16, i < 4)
/// has dimension 8g + i of row r in its low half and dimension 8g + 4 + i in its high half.
struct CodeBlocks {
  std::size_t lines;            // of one block in one plane: dimensions / 8, rounded up
  const std::uint8_t* upper;    // [block][line][64]
  const std::uint8_t* lower;    // [block][line][64]
  const float* upper_scale;     // [row]: half of what 16·h + 7.5 − 128 is multiplied with
  const float* upper_residual;  // [row]: at least the norm of the row less its value by the upper plane
  const float* scale;           // [row]: what c is multiplied with
  const float* residual;        // [row]: at least the norm of the row less its value by both planes
  const float* norm;            // [block]: at least the norm of each of its rows, by floats and by codes
};

/// A query's codes: `value` ≈ scale · code, code from −127 to 127.
struct CodeQuery {
  const std::int8_t* codes;  // lines · 8, zero up to a multiple of kQueryCodeAlignment
  std::int32_t code_sum;     // Σ codes
  float scale;
  float norm;   // at least the norm of the query
  float error;  // at least the norm of the query less its value by codes, and the slack for rounding
};

/// For each block b of [first, first + count) in passed[b − first]: bit r is set unless the bound of row r is
/// below `threshold`. A set bit says "may reach it", a clear one "certainly does not".
///   by the upper plane:  (32·Σ d·h − 241·Σ d) · upper_scale · query.scale + query.norm · upper_residual + e
///   by both planes:      (Σ d·c)              · scale       · query.scale + query.norm · residual       + e
/// where d are the codes of the query and e = query.error · norm of the block. Sums are exact int32; a bound
/// that is NaN counts as reaching.
using BoundBlocks = void(const CodeQuery& query, const CodeBlocks& blocks, std::size_t first,
                         std::size_t count, float threshold, std::uint16_t* passed);

/// Many queries over the same rows.
struct CodeQueries {
  std::size_t count;
  const CodeQuery* queries;  // [count]
  const std::int8_t* codes;  // queries[i].codes = codes + i · code_stride
  std::size_t code_stride;   // a multiple of kQueryCodeAlignment
};

/// Behind the codes of the last query lies room up to a multiple of so many queries, zero.
constexpr std::size_t kQueryTile = 32;

/// BoundBlocks by both planes for every query: passed[i · kMostBlocks + b − first]; thresholds[i] is query
/// i's. count ≤ kMostBlocks. `scratch` is the thread's own, for codes joined again: kMostBlocks · code_stride
/// · kBlockRows bytes, aligned.
using BoundMany = void(const CodeQueries& queries, const CodeBlocks& blocks, std::size_t first,
                       std::size_t count, const float* thresholds, std::uint8_t* scratch,
                       std::uint16_t* passed);

/// Where the codes of one block go; arrays of kBlockRows but for `norm`.
struct BlockCodes {
  std::uint8_t* upper;
  std::uint8_t* lower;
  float* upper_scale;
  float* upper_residual;
  float* scale;
  float* residual;
  float* norm;
};

/// Makes the codes of kBlockRows rows, `stride` floats from one to the next; `dimensions` of at most
/// kMostDimensions. Never fails: a row that codes can't hold gets an infinite residual, so that it always
/// passes.
using QuantiseBlock = void(const float* rows, std::size_t stride, std::size_t dimensions,
                           const BlockCodes& block);

/// Floats that one call of WriteDecimals takes.
constexpr std::size_t kDecimalFloats = 16;

/// Floats from 0.001 to below 1 have ten decimals at most.
constexpr std::uint32_t kLeastFraction = 0x3a83126f;  // the bits of 0.001
constexpr std::uint32_t kOne = 0x3f800000;

/// Decimals, zeros at the end included.
struct Decimals {
  std::uint64_t last[kDecimalFloats];  // the third to the tenth: a byte each, 0 to 9, the third in the lowest
  std::uint32_t first[kDecimalFloats];  // "0." and the first two as text, '0' in the lowest byte
};

/// The shortest decimals that read back as the same float, of those the closest, of the magnitudes of
/// kDecimalFloats floats; of one that does not lie from 0.001 to below 1, anything. Every kernel writes the
/// same.
using WriteDecimals = void(const float* values, Decimals* decimals);

struct Kernel {
  const char* name;
  ScoreRows* score_rows;
  BoundBlocks* bound_upper;
  BoundBlocks* bound_whole;
  BoundMany* bound_many;
  QuantiseBlock* quantize_block;
  WriteDecimals* write_decimals;
};

#if defined(__x86_64__)
extern const Kernel kAmxKernel;
extern const Kernel kAvx512Kernel;
extern const Kernel kAvx2Kernel;
#elif defined(__aarch64__)
extern const Kernel kNeonDotprodKernel;
extern const Kernel kNeonKernel;
#endif
extern const Kernel kScalarKernel;

// The parts, by instruction set: what a file defines here, the kernel of another may use too.
namespace scalar {
ScoreRows score_rows;
BoundBlocks bound_upper;
BoundBlocks bound_whole;
BoundMany bound_many;
QuantiseBlock quantize_block;
WriteDecimals write_decimals;
}  // namespace scalar

#if defined(__x86_64__)
namespace avx2 {
ScoreRows score_rows;
BoundBlocks bound_upper;
BoundBlocks bound_whole;
BoundMany bound_many;
QuantiseBlock quantize_block;
WriteDecimals write_decimals;
}  // namespace avx2

namespace avx512 {
ScoreRows score_rows;
BoundBlocks bound_upper;
BoundBlocks bound_whole;
BoundMany bound_many;
QuantiseBlock quantize_block;
WriteDecimals write_decimals;
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
QuantiseBlock quantize_block;
}  // namespace neon

namespace neon_dotprod {
BoundBlocks bound_upper;
BoundBlocks bound_whole;
BoundMany bound_many;
}  // namespace neon_dotprod
#endif

}  // namespace cosimo
