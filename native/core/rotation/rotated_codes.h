// The codes of a full chunk's rotated rows.
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>

#include "core/base/slab_allocator.h"
#include "core/rotation/rotation.h"
#include "kernels/search/search_kernel.h"

namespace cosimo {

/// What one rotation and the chunks that it has coded share. `bytes` counts the memory of all rotations of an
/// index.
struct RotatedMemory {
  RotatedMemory(std::shared_ptr<const Rotation> rotation, std::size_t row_count,
                std::shared_ptr<std::atomic<std::size_t>> bytes);
  ~RotatedMemory();
  RotatedMemory(const RotatedMemory&) = delete;
  RotatedMemory& operator=(const RotatedMemory&) = delete;

  const std::shared_ptr<const Rotation> rotation;
  const std::size_t row_count;  // of a chunk; whole blocks
  SlabAllocator allocator;
  const std::shared_ptr<std::atomic<std::size_t>> bytes;
};

/// Heads block after block, then records row after row, as rotated_kernel.h describes them. Immutable once
/// made.
class RotatedCodes {
 public:
  /// `rows`: memory->row_count rows of `dimensions` floats, aligned to kRowAlignment. Throws std::bad_alloc.
  RotatedCodes(std::shared_ptr<RotatedMemory> memory, const float* rows, const SearchKernel& kernel);
  ~RotatedCodes();
  RotatedCodes(const RotatedCodes&) = delete;
  RotatedCodes& operator=(const RotatedCodes&) = delete;

  static constexpr std::size_t head_block_bytes(std::size_t head) noexcept {
    return lines_of_head(head) * kLineBytes + kHeadStatisticsBytes;
  }

  const Rotation& rotation() const noexcept { return *memory_->rotation; }
  HeadBlocks heads() const noexcept { return {lines_of_head(rotation().head_dimensions()), codes_, norm_}; }
  Records records() const noexcept { return {records_, norm_}; }

 private:
  const std::shared_ptr<RotatedMemory> memory_;
  std::uint8_t* const codes_;
  std::uint8_t* const records_;
  float norm_ = 0;  // ≥ ‖row‖, ‖decoded head‖ and ‖decoded record‖ of every row
};

}  // namespace cosimo
