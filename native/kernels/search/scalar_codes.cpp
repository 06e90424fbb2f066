// Codes and bounds of the portable kernel: search_kernel.h written out in plain C++. The other kernels
// compute the same, faster.
#include "kernels/search/search_kernel.h"

namespace cosimo {
namespace scalar {
namespace {

using Bits [[gnu::may_alias]] = std::uint32_t;
#define COSIMO_TARGET
#include "kernels/search/quantize_block.inc"
#undef COSIMO_TARGET

// sums[r] = Σ d · nibble over one plane of one block.
void sum_plane(const CodeQuery& query, const std::uint8_t* plane, std::size_t lines, std::int32_t* sums) {
  for (std::size_t r = 0; r < kBlockRows; ++r) sums[r] = 0;
  for (std::size_t line = 0; line < lines; ++line) {
    const std::int8_t* codes = query.codes + line * kLineDimensions;
    for (std::size_t r = 0; r < kBlockRows; ++r) {
      for (std::size_t i = 0; i < 4; ++i) {
        const std::uint8_t pair = plane[line * kLineBytes + 4 * r + i];
        sums[r] += codes[i] * (pair & 15) + codes[4 + i] * (pair >> 4);
      }
    }
  }
}

bool may_reach(float bound, float threshold) { return !(bound < threshold); }

// The rows of a block whose bound reaches the threshold.
std::uint16_t pass(const CodeQuery& query, const std::int32_t* products, const float* scales,
                   const float* residuals, float norm, float threshold) {
  std::uint16_t passed = 0;
  for (std::size_t r = 0; r < kBlockRows; ++r) {
    const float product = static_cast<float>(products[r]) * scales[r] * query.scale;
    const float bound = product + query.norm * residuals[r] + query.error * norm;
    if (may_reach(bound, threshold)) passed = static_cast<std::uint16_t>(passed | (1U << r));
  }
  return passed;
}

std::uint16_t bound_whole_block(const CodeQuery& query, const CodeBlocks& blocks, std::size_t block,
                                float threshold) {
  const std::size_t at = block * blocks.lines * kLineBytes;
  std::int32_t upper[kBlockRows];
  std::int32_t products[kBlockRows];
  sum_plane(query, blocks.upper + at, blocks.lines, upper);
  sum_plane(query, blocks.lower + at, blocks.lines, products);
  for (std::size_t r = 0; r < kBlockRows; ++r) products[r] += 16 * upper[r] - 128 * query.code_sum;
  const std::size_t row = block * kBlockRows;
  return pass(query, products, blocks.scale + row, blocks.residual + row, blocks.norm[block], threshold);
}

}  // namespace

void bound_upper(const CodeQuery& query, const CodeBlocks& blocks, std::size_t first, std::size_t count,
                 float threshold, std::uint16_t* passed) {
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t block = first + i;
    const std::size_t row = block * kBlockRows;
    std::int32_t products[kBlockRows];
    sum_plane(query, blocks.upper + block * blocks.lines * kLineBytes, blocks.lines, products);
    for (std::int32_t& product : products) product = 32 * product - 241 * query.code_sum;
    passed[i] = pass(query, products, blocks.upper_scale + row, blocks.upper_residual + row,
                     blocks.norm[block], threshold);
  }
}

void bound_whole(const CodeQuery& query, const CodeBlocks& blocks, std::size_t first, std::size_t count,
                 float threshold, std::uint16_t* passed) {
  for (std::size_t i = 0; i < count; ++i) passed[i] = bound_whole_block(query, blocks, first + i, threshold);
}

void bound_many(const CodeQueries& queries, const CodeBlocks& blocks, std::size_t first, std::size_t count,
                const float* thresholds, std::uint8_t* /*scratch*/, std::uint16_t* passed) {
  for (std::size_t i = 0; i < queries.count; ++i) {
    bound_whole(queries.queries[i], blocks, first, count, thresholds[i], passed + i * kMaxBlocks);
  }
}

void quantize_block(const float* rows, std::size_t stride, std::size_t dimensions, const BlockCodes& block) {
  quantize_rows(rows, stride, dimensions, block);
}

}  // namespace scalar
}  // namespace cosimo
