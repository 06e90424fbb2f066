#include "core/index/chunk_layout.h"

namespace cosimo {
namespace {

// A row has four numbers besides its codes: two scales and two residual norms.
constexpr std::size_t kRowStatistics = 4;

// What a row takes besides its floats and codes: 16 bytes of statistics, 16 of key and sequence, up to 16 of
// the key map, and a share of the block's norm and of the lists of chunks. The rest is a margin.
constexpr std::size_t kOverheadBytes = 64;

}  // namespace

std::uint64_t bytes_of_rows(std::size_t dimensions, std::uint64_t row_count) noexcept {
  constexpr std::size_t kDimensionBytes = sizeof(float) + 1;  // a float and its code
  return row_count * (padded_stride(dimensions) * kDimensionBytes + kOverheadBytes);
}

ChunkLayout::ChunkLayout(std::size_t dimensions) noexcept
    : dimensions_(dimensions),
      stride_(padded_stride(dimensions)),
      lines_((dimensions + kLineDimensions - 1) / kLineDimensions) {
  const std::size_t plane = kBlocksPerChunk * lines_ * kLineBytes;
  upper_ = 0;
  lower_ = upper_ + plane;
  statistics_ = lower_ + plane;
  norms_ = statistics_ + kRowStatistics * kRowsPerChunk * sizeof(float);
  code_bytes_ = norms_ + whole_cache_lines(kBlocksPerChunk * sizeof(float));
}

}  // namespace cosimo
