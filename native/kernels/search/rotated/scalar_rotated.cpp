// Rotated rows in plain C++: rotated_kernel.h written out. The other kernels compute the same, faster.
#include "kernels/search/rotated/rotated_kernel.h"
#include "kernels/search/search_kernel.h"

namespace cosimo::scalar {
namespace {

#define COSIMO_TARGET
#include "kernels/search/rotated/rotate_rows.inc"

constexpr std::size_t kLeadLines = kLeadDimensions / kLineDimensions;

std::int32_t sum_line(const std::int8_t* codes, const std::uint8_t* line) {
  std::int32_t sum = 0;
  for (std::size_t i = 0; i < kLineBytes; ++i)
    sum += codes[i] * (line[i] & 15) + codes[kLineBytes + i] * (line[i] >> 4);
  return sum;
}

#include "kernels/search/rotated/bound_records.inc"

// Σ codes · nibbles of row `row` over `count` lines.
std::int32_t sum_lines(const std::int8_t* codes, const std::uint8_t* lines, std::size_t count,
                       std::size_t row) {
  std::int32_t sum = 0;
  for (std::size_t line = 0; line < count; ++line) {
    for (std::size_t i = 0; i < 4; ++i) {
      const std::uint8_t pair = lines[line * kLineBytes + 4 * row + i];
      sum += codes[line * kLineDimensions + i] * (pair & 15) +
             codes[line * kLineDimensions + 4 + i] * (pair >> 4);
    }
  }
  return sum;
}

float bound_of(const HeadQuery& query, const std::uint8_t* block, std::size_t lines, std::size_t row,
               float norm) {
  const std::uint8_t* lower = block + kLeadLines * kLineBytes;
  const std::uint8_t* rest = lower + kLeadLines * kLineBytes;
  const std::uint8_t* numbers = block + lines * kLineBytes + 2 * row;
  const std::int32_t lead =
      16 * sum_lines(query.codes, block, kLeadLines, row) + sum_lines(query.codes, lower, kLeadLines, row);
  const std::int32_t sum = sum_lines(query.codes + kRestCodes, rest, lines - 2 * kLeadLines, row);
  return (query.lead_factor * static_cast<float>(lead) + query.lead_offset) * upper_half(numbers) +
         (query.factor * static_cast<float>(sum) + query.offset) * upper_half(numbers + 32) +
         query.norm * upper_half(numbers + 64) + query.beyond_norm * upper_half(numbers + 96) +
         query.error * norm;
}

}  // namespace

void bound_heads(const HeadQueries& queries, const HeadBlocks& heads, std::size_t first, std::size_t count,
                 const float* thresholds, PassedRows* passed) {
  const std::size_t block_bytes = heads.lines * kLineBytes + kHeadStatisticsBytes;
  for (std::size_t i = 0; i < queries.count; ++i) {
    PassedRows& of = passed[i];
    of.count = 0;
    for (std::size_t row = first * kBlockRows; row < (first + count) * kBlockRows; ++row) {
      const std::uint8_t* block = heads.bytes + row / kBlockRows * block_bytes;
      of.rows[of.count] = static_cast<std::uint32_t>(row);
      of.bounds[of.count] = bound_of(queries.queries[i], block, heads.lines, row % kBlockRows, heads.norm);
      of.count += of.bounds[of.count] < thresholds[i] ? 0 : 1;
    }
  }
}

void bound_records(const RecordQuery& query, const Records& records, float threshold, PassedRows& passed) {
  bound_all_records(query, records, threshold, passed);
}

void rotate_rows(const RotationMatrix& matrix, const float* rows, std::size_t row_count, float* out) {
  rotate_all(matrix, rows, row_count, out);
}

}  // namespace cosimo::scalar
