// How the rows of an index lie in memory, and how much they take.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/base/aligned_array.h"
#include "kernels/search/search_kernel.h"

namespace cosimo {

constexpr std::size_t kRowsPerChunk = 1024;
constexpr std::size_t kBlocksPerChunk = kRowsPerChunk / kBlockRows;
static_assert(kCacheLineBytes % kRowAlignment == 0);

/// Floats from one row to the next: `dimensions` rounded up to whole cache lines.
constexpr std::size_t padded_stride(std::size_t dimensions) noexcept {
  return (dimensions + kLanes - 1) / kLanes * kLanes;
}

/// Bytes to plan for `row_count` rows: what the rows of full chunks take at most, with codes, keys and the
/// key map. 0 < dimensions ≤ kMaxDimensions; row_count ≤ 2^46.
std::uint64_t bytes_of_rows(std::size_t dimensions, std::uint64_t row_count) noexcept;

/// Where the codes of a chunk lie in their memory, in bytes from its start; its floats have memory of their
/// own.
class ChunkLayout {
 public:
  explicit ChunkLayout(std::size_t dimensions) noexcept;

  std::size_t dimensions() const noexcept { return dimensions_; }
  /// Floats from row to row.
  std::size_t stride() const noexcept { return stride_; }
  /// Lines of one block in one plane of codes.
  std::size_t lines() const noexcept { return lines_; }
  std::size_t row_bytes() const noexcept { return kRowsPerChunk * stride_ * sizeof(float); }
  std::size_t code_bytes() const noexcept { return code_bytes_; }

 private:
  friend class PlainCodes;

  std::size_t dimensions_;
  std::size_t stride_;
  std::size_t lines_;
  std::size_t upper_;
  std::size_t lower_;
  std::size_t statistics_;
  std::size_t norms_;
  std::size_t code_bytes_;
};

}  // namespace cosimo
