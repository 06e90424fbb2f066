// Pieces of memory of one size, cut from large buffers that the system may back with huge pages.
#pragma once

#include <atomic>
#include <cstddef>
#include <mutex>
#include <vector>

#include "core/base/huge_buffer.h"

namespace cosimo {

/// Safe from every thread. Pieces are aligned to kPieceAlignment; their content is undefined. A piece that
/// was given back takes no memory, but its addresses stay reserved until the allocator ends.
class SlabAllocator {
 public:
  static constexpr std::size_t kPieceAlignment = 4096;

  explicit SlabAllocator(std::size_t piece_bytes) noexcept;
  SlabAllocator(const SlabAllocator&) = delete;
  SlabAllocator& operator=(const SlabAllocator&) = delete;

  /// Throws std::bad_alloc.
  void* take();
  void give_back(void* piece) noexcept;

  /// The size asked for, rounded up to kPieceAlignment.
  std::size_t piece_bytes() const noexcept { return piece_bytes_; }
  /// How many pieces are taken now.
  std::size_t taken() const noexcept { return taken_.load(std::memory_order_relaxed); }

 private:
  void add_slab();

  const std::size_t piece_bytes_;
  std::atomic<std::size_t> taken_{0};
  std::mutex mutex_;
  std::vector<HugeBuffer> slabs_;
  std::vector<void*> free_;  // has capacity for every piece, so that giving back can't fail
};

}  // namespace cosimo
