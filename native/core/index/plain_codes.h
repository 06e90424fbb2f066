// The codes of a chunk's rows as they are, not rotated: both planes and their statistics.
#pragma once

#include <cstddef>
#include <memory>

#include "core/base/slab_allocator.h"
#include "core/index/chunk_layout.h"
#include "kernels/search/search_kernel.h"

namespace cosimo {

/// The writer makes the codes of a block when its last row comes. They are whole cache lines that nobody has
/// read before.
class PlainCodes {
 public:
  /// The allocator's pieces hold at least layout.code_bytes(). Throws std::bad_alloc.
  PlainCodes(const ChunkLayout& layout, std::shared_ptr<SlabAllocator> allocator);
  ~PlainCodes();
  PlainCodes(const PlainCodes&) = delete;
  PlainCodes& operator=(const PlainCodes&) = delete;

  const CodeBlocks& blocks() const noexcept { return blocks_; }

  /// For the writer alone: makes the codes of block `block`, whose rows are kBlockRows · layout.stride()
  /// floats.
  void quantize(std::size_t block, const float* rows, const SearchKernel& kernel) noexcept;

 private:
  template <typename T>
  T* part(std::size_t offset) const noexcept {
    return reinterpret_cast<T*>(memory_ + offset);
  }

  const ChunkLayout layout_;
  const std::shared_ptr<SlabAllocator> allocator_;
  std::byte* const memory_;
  const CodeBlocks blocks_;
};

}  // namespace cosimo
