// What a search kernel does with rotated rows. docs/exact-search.md says why they are rotated and derives the
// bounds.
//
// The first dimensions of a rotated row are its head. The heads of all rows are bounded, sixteen rows at a
// time. The next dimensions are in its record, which is read for the rows that pass. The others are not kept:
// their norms are.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cosimo {

/// The first dimensions of a head are longest. They are its lead, and have codes of 8 bits; the rest of a
/// head has codes of 4.
constexpr std::size_t kLeadDimensions = 16;

/// A head is a multiple of this many dimensions, and longer than its lead.
constexpr std::size_t kHeadAlignment = 16;

/// Lines of one block of heads: the upper and the lower nibbles of leads, then the nibbles of rests, laid out
/// as in CodeBlocks.
constexpr std::size_t lines_of_head(std::size_t dimensions) noexcept {
  return (dimensions + kLeadDimensions) / 8;
}

/// After the lines of a block come numbers of each row, the upper halves of float32 numbers whose lower
/// halves are zero: [4][16], in this order.
///   lead scale  this times (code − 128) is a decoded value of the lead; none is off by more than 0.501 of it
///   scale       this times (nibble − 7.5) is a decoded value of the rest
///   residual    ≥ ‖rest − decoded rest‖
///   beyond      ≥ ‖all dimensions after the head‖
constexpr std::size_t kHeadStatisticsBytes = 128;

/// The most blocks that one call of BoundHeads takes: a run.
constexpr std::size_t kRunBlocks = 8;
constexpr std::size_t kRunRows = kRunBlocks * 16;

/// The rows of a run that have passed for one query, in order. Past the last one kernels write what they
/// like.
struct alignas(64) PassedRows {
  static constexpr std::size_t kRoom = kRunRows + 16;

  std::size_t count = 0;
  std::uint32_t rows[kRoom];  // by their numbers among all rows of the blocks
  float bounds[kRoom];
};

struct HeadBlocks {
  std::size_t lines;          // of one block
  const std::uint8_t* bytes;  // [block][lines · 64 + kHeadStatisticsBytes], aligned to kRowAlignment
  float norm;                 // ≥ ‖row‖ and ‖decoded head‖ of every row
};

/// Where codes of the rest begin among those of a query's head. Both parts end with zeros up to a multiple of
/// kQueryCodeAlignment.
constexpr std::size_t kRestCodes = 64;

constexpr std::size_t code_stride_of_head(std::size_t dimensions) noexcept {
  return kRestCodes + (dimensions - kLeadDimensions + kRestCodes - 1) / kRestCodes * kRestCodes;
}

/// The head of a rotated query. What is decoded from Σ codes · row codes is factor · sum + offset, in units
/// of the row's scale.
struct HeadQuery {
  const std::int8_t* codes;  // of the lead; those of the rest begin at kRestCodes
  float lead_factor;
  float lead_offset;  // with what the lead's codes of a row can be off by
  float factor;
  float offset;
  float norm;         // ≥ ‖rest of the head‖
  float beyond_norm;  // ≥ ‖all dimensions after the head‖
  float error;        // what the norm of rows is multiplied by: errors of codes, of rotation and of rounding
};

/// The codes of the queries lie side by side, aligned to kQueryCodeAlignment. There is readable memory for a
/// multiple of kQueryTile queries.
struct HeadQueries {
  std::size_t count;
  const HeadQuery* queries;
  std::size_t code_stride;  // bytes from the codes of one query to those of the next
};

/// Bounds `count` blocks from `first` on for every query. Replaces passed[i] by the rows whose bounds are not
/// below thresholds[i] for query i. The bound is
///   (lead_factor · Σ lead + lead_offset) · lead scale + (factor · Σ rest + offset) · scale
///     + norm · residual + beyond_norm · beyond + error · HeadBlocks::norm,
/// and one that is NaN passes. Sums are exact.
using BoundHeads = void(const HeadQueries& queries, const HeadBlocks& heads, std::size_t first,
                        std::size_t count, const float* thresholds, PassedRows* passed);

/// A record is one line: nibbles of dimension i in the low half of byte i and of dimension 56 + i in its high
/// half, then four numbers like those of a block of heads:
///   scale        this times (nibble − 7.5) is a decoded value
///   residual     ≥ ‖record − decoded record‖
///   beyond       ≥ ‖all dimensions after the record‖
///   beyond head  as in the block of heads
constexpr std::size_t kRecordBytes = 64;
constexpr std::size_t kRecordNibbleBytes = 56;
constexpr std::size_t kRecordDimensions = 2 * kRecordNibbleBytes;

/// What records are multiplied by: codes for the low halves of a record's bytes, then for the high ones, from
/// −127 to 127, and 0 for its numbers.
constexpr std::size_t kRecordQueryBytes = 2 * kRecordBytes;

/// As HeadQuery, for records.
struct RecordQuery {
  const std::int8_t* codes;
  float factor;
  float offset;
  float norm;              // ≥ ‖record‖
  float beyond_norm;       // ≥ ‖all dimensions after the record‖
  float head_beyond_norm;  // that of the HeadQuery
  float error;             // what the norm of rows is multiplied by, further than by the HeadQuery's
};

struct Records {
  const std::uint8_t* bytes;  // [row][kRecordBytes], aligned to kRowAlignment
  float norm;                 // ≥ ‖row‖ and ‖decoded record‖ of every row
};

/// Replaces the bounds of rows by those that their records give, and keeps the rows whose bounds are not
/// below the threshold:
///   bound − head_beyond_norm · beyond head + (factor · Σ + offset) · scale + norm · residual + beyond_norm ·
///   beyond
///     + error · Records::norm
/// One that is NaN is kept. Sums are exact.
using BoundRecords = void(const RecordQuery& query, const Records& records, float threshold,
                          PassedRows& passed);

/// RotateRows takes a multiple of this many rows, and a multiple of kRotatedColumns columns.
constexpr std::size_t kRotatedRows = 4;
constexpr std::size_t kRotatedColumns = 16;

/// RotateRows adds terms in groups of this many, then the groups.
constexpr std::size_t kRotationGroup = 32;

/// Element [i][j] multiplies dimension i and is added to rotated dimension j.
struct RotationMatrix {
  std::size_t dimensions;
  std::size_t columns;
  const float* elements;  // aligned to kRowAlignment
};

/// out[r · columns + j] = Σ elements[i][j] · rows[r · dimensions + i], in float32, for r < row_count.
using RotateRows = void(const RotationMatrix& matrix, const float* rows, std::size_t row_count, float* out);

struct RotatedKernel {
  BoundHeads* bound_heads;
  BoundRecords* bound_records;
  RotateRows* rotate_rows;
};

// The functions by instruction set.
namespace scalar {
BoundHeads bound_heads;
BoundRecords bound_records;
RotateRows rotate_rows;
}  // namespace scalar

#if defined(__x86_64__)
namespace avx2 {
BoundHeads bound_heads;
BoundRecords bound_records;
RotateRows rotate_rows;
}  // namespace avx2

namespace avx512 {
BoundHeads bound_heads;
RotateRows rotate_rows;
}  // namespace avx512

namespace amx {
BoundHeads bound_heads;
}  // namespace amx
#elif defined(__aarch64__)
namespace neon {
BoundHeads bound_heads;
BoundRecords bound_records;
RotateRows rotate_rows;
}  // namespace neon

namespace neon_dotprod {
BoundHeads bound_heads;
BoundRecords bound_records;
}  // namespace neon_dotprod
#endif

}  // namespace cosimo
